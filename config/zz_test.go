package config_test
import ("testing";"strings";"fmt";"time";"github.com/mixus/usher/config")
func TestZZ(t *testing.T){
 var b strings.Builder
 for m:=range 24 { fmt.Fprintf(&b,"m%d:\n",m); for i:=range 4000 { fmt.Fprintf(&b,"  k%d: v\n",i)}}
 run:=func(n,s string){st:=time.Now(); _,p:=config.ParseOrganization("a",[]byte(s),config.Options{}); fmt.Println(n,len(s),time.Since(st),len(p)); if len(p)>0 {m:=p[0].String(); if len(m)>200{m=m[:200]}; fmt.Println(m)}}
 run("maps",b.String())
 run("list","a: ["+strings.Repeat("1,",450000)+"1]")
 run("listmaps","organization: {id: a}\nrules:\n"+strings.Repeat("  - {grops: [a], rle: x}\n",60000))
 run("unknown10k","organization: {id: a}\nrules:\n  - {"+strings.Repeat("a: b, ",100000)+"}\n")
 run("quoted","a: "+strings.Repeat("\"",400000))
 run("plain","a: b\n"+strings.Repeat("  c\n",400000))
 run("pipe","a: |\n"+strings.Repeat("  c\n",400000))
 run("comments",strings.Repeat("# c\n",400000)+"a: b\n")
 run("blockseq","a:\n"+strings.Repeat("- b\n",300000))
}
