package scim

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// together runs n clients at once.
func together(n int, fn func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
}

func TestOneOfManyCreatesOfTheSameUserWins(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	got := map[int]int{}
	together(16, func(int) {
		status := w.do("POST", "/Users", oktaUser("ann")).status
		mu.Lock()
		defer mu.Unlock()
		got[status]++
	})
	if diff := cmp.Diff(map[int]int{201: 1, 409: 15}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoPatchIsLostAmongMany(t *testing.T) {
	w := newWorld(t)
	id, group := w.user("ann"), w.group("G")
	attributes := []string{"title", "nickName", "userType", "preferredLanguage", "timezone", "name.middleName", enterprise + ":costCenter", enterprise + ":division"}
	together(16, func(i int) {
		if i < len(attributes) {
			if got := w.do("PATCH", "/Users/"+id, patchOf(`[{"op":"add","path":"`+attributes[i]+`","value":"v"}]`)); got.status != 200 {
				t.Errorf("%s: %d %s", attributes[i], got.status, got.text)
			}
			return
		}
		if got := w.do("PATCH", "/Groups/"+group, patchOf(fmt.Sprintf(`[{"op":"add","path":"members","value":[{"value":"early-%d"}]}]`, i))); got.status != 204 {
			t.Errorf("member %d: %d %s", i, got.status, got.text)
		}
	})
	user := w.do("GET", "/Users/"+id, "").want(200)
	for _, path := range [][]any{{"title"}, {"nickName"}, {"userType"}, {"preferredLanguage"}, {"timezone"}, {"name", "middleName"}, {enterprise, "costCenter"}, {enterprise, "division"}} {
		if user.get(path...) != "v" {
			t.Errorf("%v was lost: %v", path, user.get(path...))
		}
	}
	if user.get("meta", "version") != version(uint64(1+len(attributes))) {
		t.Errorf("version %v after %d changes", user.get("meta", "version"), len(attributes))
	}
	if got := w.do("GET", "/Groups/"+group, "").values("members", "value"); len(got) != 8 {
		t.Errorf("members %v", got)
	}
}
