package idps
import ("testing";"net/url")
func TestSmoke(t *testing.T){
 for _,start := range []func(testing.TB,Client)*Provider{StartDex,StartOIDCProvider}{
  p:=start(t,Client{RedirectURI:"http://127.0.0.1:9/callback",LogoutURI:"http://127.0.0.1:9/bye"})
  q:=url.Values{"client_id":{p.ClientID},"redirect_uri":{"http://127.0.0.1:9/callback"},"response_type":{"code"},"scope":{"openid profile email groups"},"state":{"st"},"nonce":{"n"},"code_challenge":{"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},"code_challenge_method":{"S256"}}
  path:=map[string]string{"dex":"/auth","oidc-provider":"/auth"}[p.Name]
  b:=NewBrowser()
  for _,pw:=range []string{"wrong",Ann().Password}{
  back,err:=p.Login(b,p.Issuer+path+"?"+q.Encode(),Ann().User,pw)
  if back!=nil {t.Log(back.URL)}
  t.Log(p.Name,err)
  }
 }
 t.Fail()
}
