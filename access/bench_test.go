package access_test

import (
	"fmt"
	"testing"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// BenchmarkCan asks for 100,000 members and 1,000 things, each shared with ten of a hundred departments.
func BenchmarkCan(b *testing.B) {
	o := parse(b)
	for i := range 100 {
		o.Departments = append(o.Departments, config.Department{Name: fmt.Sprint("d", i)})
	}
	for i := range 1000 {
		s := config.Shared{At: place(), Name: fmt.Sprint("bot", i)}
		for j := range 10 {
			s.Levels = append(s.Levels, config.SharedLevel{At: place(), Of: fmt.Sprint("d", (i+j*7)%100), Level: config.LevelRun})
		}
		o.SharedAgents = append(o.SharedAgents, s)
	}
	p := access.Compile(o)
	members := make([]*directory.Member, 100_000)
	for i := range members {
		members[i] = somebodyElse([2]string{"role", "member"}, [2]string{"department", fmt.Sprint("d", i%100)}, [2]string{"permission_sets", "marketing_team"}, [2]string{"teams", "t"})
		members[i].ID = directory.ID{13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}
	}
	questions := make([]access.Question, 1000)
	for i := range questions {
		questions[i] = on("run", "agent", fmt.Sprint("bot", i))
	}
	b.ReportAllocs()
	yes := 0
	for i := 0; b.Loop(); i++ {
		if p.Can(members[(i*7919)%len(members)], questions[i%len(questions)], noon).Allowed {
			yes++
		}
	}
	if yes == 0 && b.N > 1000 {
		b.Fatal("nobody may do anything")
	}
}
