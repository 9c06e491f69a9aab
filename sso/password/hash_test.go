package password_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/password"
)

func hash(t *testing.T, h *password.Hasher, text string) string {
	t.Helper()
	out, err := h.Hash(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAHashKnowsItsPassword(t *testing.T) {
	h := password.New()
	one := hash(t, h, "caf\u00e9 au lait, please")
	if !strings.HasPrefix(one, "$argon2id$v=19$m=65536,t=3,p=4$") || password.Stale(one) {
		t.Errorf("the hash is %s", one)
	}
	if one == hash(t, h, "caf\u00e9 au lait, please") {
		t.Error("two hashes of one password are the same")
	}
	for text, want := range map[string]bool{
		"caf\u00e9 au lait, please":  true,
		"cafe\u0301 au lait, please": true, // as another keyboard writes it
		"cafe au lait, please":       false,
		"":                           false,
	} {
		if got, err := h.Verify(t.Context(), one, text); got != want || err != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestNobodysPasswordTakesAsLong(t *testing.T) {
	h := password.New()
	one := hash(t, h, "the right password")
	took := func(hash string) time.Duration {
		least := time.Hour
		for range 3 {
			began := time.Now()
			if right, err := h.Verify(t.Context(), hash, "a wrong password"); right || err != nil {
				t.Fatal(right, err)
			}
			least = min(least, time.Since(began))
		}
		return least
	}
	somebody, nobody := took(one), took("")
	if nobody < somebody/2 || somebody < nobody/2 {
		t.Errorf("somebody's takes %v, nobody's %v", somebody, nobody)
	}
}

// The hash is one of the reference implementation's own tests (phc-winner-argon2, src/test.c).
func TestAHashOfAnotherCostHoldsAndIsStale(t *testing.T) {
	const cheap = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	h := password.New()
	if right, err := h.Verify(t.Context(), cheap, "password"); !right || err != nil {
		t.Errorf("%v, %v", right, err)
	}
	if !password.Stale(cheap) {
		t.Error("it is not stale")
	}
}

func TestAHashThatIsNoneOfOursIsAnError(t *testing.T) {
	h := password.New()
	for _, bad := range []string{
		"x", "$2a$10$abc", "$argon2i$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=16$m=65536,t=3,p=4$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=4294967295,t=3,p=4$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=4000000000,p=4$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=3,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$", "$argon2id$v=19$m=65536,t=3,p=4$?$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$memory$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
	} {
		if right, err := h.Verify(t.Context(), bad, "password"); right || err == nil {
			t.Errorf("%s: %v, %v", bad, right, err)
		} else if strings.Contains(err.Error(), "CTFh") {
			t.Errorf("the error tells the hash: %v", err)
		}
		if !password.Stale(bad) {
			t.Errorf("%s is not stale", bad)
		}
	}
}

func TestWhoCannotWaitIsAskedToComeAgain(t *testing.T) {
	h := password.New()
	hurried, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	refused := make(chan error, 12)
	for range 12 {
		all.Go(func() {
			_, err := h.Hash(hurried, "the right password")
			refused <- err
		})
	}
	all.Wait()
	close(refused)
	done, busy := 0, 0
	for err := range refused {
		var public *directory.Error
		switch {
		case err == nil:
			done++
		case errors.As(err, &public) && public.Kind == directory.Unavailable:
			busy++
		default:
			t.Error(err)
		}
	}
	if done == 0 || busy == 0 || done+busy != 12 {
		t.Errorf("%d were served, %d were sent away", done, busy)
	}
}
