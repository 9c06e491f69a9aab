package passkey_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/passkey"
	"github.com/mixus/usher/sso/passkey/passkeytest"
)

const here = "https://login.acme.com"

// world is one address with its people's passkeys.
type world struct {
	*testing.T
	keys  *passkey.Keys
	now   time.Time
	known []*directory.Passkey
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	keys, err := passkey.New(here+"/", "Atlas", func() time.Time { return w.now })
	if err != nil {
		t.Fatal(err)
	}
	w.keys = keys
	return w
}

func (w *world) person(name string) passkey.Person {
	return passkey.Person{Handle: []byte("handle of " + name), Name: name + "@gmail.com", Display: name}
}

// registered has somebody make a passkey.
func (w *world) registered(name string, d *passkeytest.Device) error {
	w.Helper()
	p := w.person(name)
	options, c, err := w.keys.Register(p)
	if err != nil {
		w.Fatal(err)
	}
	key, err := w.keys.Registered(p, c, d.Create(w, options))
	if err == nil {
		w.known = append(w.known, key)
	}
	return err
}

func (w *world) device(name string) *passkeytest.Device {
	w.Helper()
	d := &passkeytest.Device{Origin: here}
	if err := w.registered(name, d); err != nil {
		w.Fatal(errors.Unwrap(err))
	}
	return d
}

func (w *world) find(handle, id []byte) (*directory.Passkey, error) {
	for _, k := range w.known {
		if bytes.Equal(k.Handle, handle) && bytes.Equal(k.ID, id) {
			return k, nil
		}
	}
	return nil, directory.Errorf(directory.NotFound, "There is no such passkey.")
}

func (w *world) ask() ([]byte, *passkey.Ceremony) {
	w.Helper()
	options, c, err := w.keys.Ask()
	if err != nil {
		w.Fatal(err)
	}
	return options, c
}

func TestAPasskeyIsRecognized(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.device("ann"), w.device("bob")
	for _, d := range []*passkeytest.Device{ann, bob} {
		d.Counts = true
		options, c := w.ask()
		got, err := w.keys.Answered(c, d.Get(t, options), w.find)
		if err != nil {
			t.Fatal(errors.Unwrap(err))
		}
		if !bytes.Equal(got.ID, d.ID()) || got.Count != 1 || got.Stored {
			t.Errorf("the device of %x is taken for %+v", d.ID(), got)
		}
	}
	if k := w.known[0]; string(k.Handle) != "handle of ann" || k.Count != 0 || k.Synced || len(k.Transport) != 1 {
		t.Errorf("the passkey is %+v", k)
	}
}

func TestADeviceIsNotAskedForASecondPasskey(t *testing.T) {
	w := newWorld(t)
	d := w.device("ann")
	p := w.person("ann")
	p.Passkeys = w.known
	options, _, err := w.keys.Register(p)
	if err != nil || !strings.Contains(string(options), "excludeCredentials") || len(d.ID()) == 0 {
		t.Errorf("%s, %v", options, err)
	}
}

func TestWhoIsNotRecognized(t *testing.T) {
	for name, do := range map[string]func(*world, *passkeytest.Device){
		"from another site":               func(_ *world, d *passkeytest.Device) { d.Origin = "https://login.acme.com.evil.example" },
		"from another port":               func(_ *world, d *passkeytest.Device) { d.Origin = here + ":8443" },
		"without TLS":                     func(_ *world, d *passkeytest.Device) { d.Origin = "http://login.acme.com" },
		"for another relying party":       func(_ *world, d *passkeytest.Device) { d.RPID = "acme.com" },
		"without user verification":       func(_ *world, d *passkeytest.Device) { d.Unverified = true },
		"to another challenge":            func(_ *world, d *passkeytest.Device) { d.Challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
		"in the name of another person":   func(_ *world, d *passkeytest.Device) { d.Handle = []byte("handle of bob") },
		"in nobody's name":                func(_ *world, d *passkeytest.Device) { d.Handle = []byte{} },
		"by a passkey that was taken off": func(w *world, _ *passkeytest.Device) { w.known = w.known[1:] },
		"too late":                        func(w *world, _ *passkeytest.Device) { w.now = w.now.Add(passkey.Lasts + time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			d := w.device("ann")
			w.device("bob")
			options, c := w.ask()
			do(w, d)
			got, err := w.keys.Answered(c, d.Get(t, options), w.find)
			if got != nil || directory.KindOf(err) != directory.Unauthenticated {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestASignatureIsForOneChallenge(t *testing.T) {
	w := newWorld(t)
	d := w.device("ann")
	options, c := w.ask()
	answer := d.Get(t, options)
	if _, err := w.keys.Answered(c, answer, w.find); err != nil {
		t.Fatal(errors.Unwrap(err))
	}
	_, later := w.ask()
	if _, err := w.keys.Answered(later, answer, w.find); directory.KindOf(err) != directory.Unauthenticated {
		t.Errorf("a signature counts for a later challenge: %v", err)
	}
	if c.Challenge() == later.Challenge() {
		t.Error("two challenges are the same")
	}
}

// A signature by somebody else's key does not count for a passkey, whatever id and handle come with it.
func TestASignatureByAnotherKey(t *testing.T) {
	w := newWorld(t)
	w.device("ann")
	bob := w.device("bob")
	options, c := w.ask()
	stolen := func(_, _ []byte) (*directory.Passkey, error) {
		k := w.known[0].Clone()
		k.ID, k.Handle = bob.ID(), []byte("handle of bob")
		return k, nil
	}
	if _, err := w.keys.Answered(c, bob.Get(t, options), stolen); directory.KindOf(err) != directory.Unauthenticated {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNoNewPasskey(t *testing.T) {
	for name, d := range map[string]*passkeytest.Device{
		"from another site":         {Origin: "https://evil.example"},
		"for another relying party": {Origin: here, RPID: "evil.example"},
		"without user verification": {Origin: here, Unverified: true},
		"to another challenge":      {Origin: here, Challenge: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
	} {
		w := newWorld(t)
		if err := w.registered("ann", d); directory.KindOf(err) != directory.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := newWorld(t)
	d := &passkeytest.Device{Origin: here}
	options, c, err := w.keys.Register(w.person("ann"))
	if err != nil {
		t.Fatal(err)
	}
	answer := d.Create(t, options)
	if _, err := w.keys.Registered(w.person("bob"), c, answer); directory.KindOf(err) != directory.Invalid {
		t.Errorf("somebody else's ceremony: %v", err)
	}
	for _, text := range []string{"", "null", "{}", "[]", `{"id":"AA","rawId":"AA","type":"public-key"}`, "\xff"} {
		if _, err := w.keys.Registered(w.person("ann"), c, []byte(text)); directory.KindOf(err) != directory.Invalid {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := w.keys.Answered(c, []byte(text), w.find); directory.KindOf(err) != directory.Unauthenticated {
			t.Errorf("%q: %v", text, err)
		}
	}
	w.now = w.now.Add(passkey.Lasts + time.Second)
	if _, err := w.keys.Registered(w.person("ann"), c, answer); directory.KindOf(err) != directory.Invalid {
		t.Errorf("too late: %v", err)
	}
}

func TestAFaultOfOursIsNoRefusal(t *testing.T) {
	w := newWorld(t)
	d := w.device("ann")
	options, c := w.ask()
	broken := errors.New("the disk is gone")
	_, err := w.keys.Answered(c, d.Get(t, options), func(_, _ []byte) (*directory.Passkey, error) { return nil, broken })
	if !errors.Is(err, broken) || directory.KindOf(err) != directory.Internal {
		t.Errorf("%v", err)
	}
}

func TestPasskeysNeedAName(t *testing.T) {
	for address, want := range map[string]bool{
		"https://login.acme.com": true, "http://localhost:8080": true, "http://127.0.0.1:8080": false, "https://[::1]": false, "": false,
	} {
		if _, err := passkey.New(address, "Atlas", time.Now); (err == nil) != want {
			t.Errorf("%q: %v", address, err)
		}
	}
}
