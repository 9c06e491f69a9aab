package main

import (
	"crypto/rand"
	"testing"
	"testing/synctest"
	"time"
)

func TestMemoryStaysBounded(t *testing.T) {
	var s sessions
	for range 3 * mostKept {
		s.begin(rand.Text(), &start{at: time.Now()})
		s.put(&visit{expires: time.Now()})
	}
	if len(s.starts) != mostKept || len(s.visits) != mostKept {
		t.Errorf("%d sign-ins under way, %d people, want %d", len(s.starts), len(s.visits), mostKept)
	}
	last := rand.Text()
	s.begin(last, &start{browser: "b", at: time.Now()})
	if _, ok := s.finish(last, "b"); !ok {
		t.Error("the last sign-in is forgotten at once")
	}
	if s.get(s.put(&visit{})) == nil {
		t.Error("who came last is forgotten at once")
	}
}

func TestWhatIsOverIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sessions
		s.begin("old", &start{browser: "b", at: time.Now()})
		s.put(&visit{expires: time.Now()})
		s.endOf("jti", "nobody", "")
		time.Sleep(visitKept + time.Minute)
		s.begin("new", &start{browser: "b", at: time.Now()})
		if len(s.starts) != 1 || len(s.visits) != 0 || len(s.told) != 0 {
			t.Errorf("%d sign-ins under way, %d people, %d logout tokens are left", len(s.starts), len(s.visits), len(s.told))
		}
		if _, ok := s.finish("new", "b"); !ok {
			t.Error("a sign-in under way is forgotten")
		}
	})
}
