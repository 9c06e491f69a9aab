package httpx

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
)

func get(t *testing.T, client *http.Client, url string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = w.Body.Close() }()
	body, err := io.ReadAll(w.Body)
	return string(body), err
}

// counting is a server that counts who came.
func counting(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var hits atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &hits
}

func loopback(t *testing.T) []netip.Prefix {
	t.Helper()
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
}

// liar is a DNS server on loopback that answers the first question for a name with one address and later ones with
// another.
func liar(t *testing.T, first, later netip.Addr) *net.Resolver {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		asked := 0
		packet := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			end := 12
			for end < n && packet[end] != 0 {
				end += int(packet[end]) + 1
			}
			end += 5 // the root, the type and the class
			reply := append([]byte(nil), packet[:end]...)
			binary.BigEndian.PutUint16(reply[2:], 0x8180)
			copy(reply[6:], []byte{0, 0, 0, 0, 0, 0})
			if binary.BigEndian.Uint16(packet[end-4:]) == 1 { // A
				addr := first.As4()
				if asked++; asked > 1 {
					addr = later.As4()
				}
				reply[7] = 1
				reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
				reply = append(reply, addr[:]...)
			}
			_, _ = conn.WriteTo(reply, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// TestAbuse65AddressesInside: refused when dialing, by address and by name; nobody is reached.
func TestAbuse65AddressesInside(t *testing.T) {
	inside, hits := counting(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	client := Outbound{}.Client()
	for _, url := range []string{
		inside.URL, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://0.0.0.0:" + port,
		"http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://10.0.0.1/", "http://[64:ff9b::7f00:1]/",
	} {
		if _, err := get(t, client, url); directory.KindOf(err) != directory.Forbidden {
			t.Errorf("%s: %v, want it forbidden", url, err)
		}
	}
	lying := Outbound{resolver: liar(t, netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.1"))}.Client()
	if _, err := get(t, lying, "http://idp.example.test:"+port); directory.KindOf(err) != directory.Forbidden {
		t.Errorf("by name: %v, want it forbidden", err)
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("the server inside was reached %d times", n)
	}
}

// TestAbuse65Redirect: a public address that leads to a private one is refused when the second is dialed.
func TestAbuse65Redirect(t *testing.T) {
	public, hits := counting(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
	})
	_, err := get(t, Outbound{Allowed: loopback(t)}.Client(), public.URL)
	if directory.KindOf(err) != directory.Forbidden || !strings.Contains(err.Error(), "169.254.169.254") {
		t.Errorf("%v, want the second address forbidden", err)
	}
	if hits.Load() != 1 {
		t.Errorf("the first address was asked %d times, want once", hits.Load())
	}
}

// TestAbuse65Rebinding: a name that leads elsewhere the second time is judged the second time too.
func TestAbuse65Rebinding(t *testing.T) {
	public, hits := counting(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(public.Listener.Addr().String())
	client := Outbound{Allowed: loopback(t), resolver: liar(t, netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.1.2.3"))}.Client()
	if _, err := get(t, client, "http://idp.example.test:"+port); err != nil {
		t.Fatalf("the first time: %v", err)
	}
	client.CloseIdleConnections()
	if _, err := get(t, client, "http://idp.example.test:"+port); directory.KindOf(err) != directory.Forbidden {
		t.Errorf("the second time: %v, want it forbidden", err)
	}
	if hits.Load() != 1 {
		t.Errorf("%d requests arrived, want 1", hits.Load())
	}
}

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "20.190.151.7": true, "172.15.255.255": true, "172.32.0.1": true, "100.63.255.255": true, "100.128.0.1": true,
		"2001:4860:4860::8888": true, "2603:1006:2000::1": true, "64:ff9b::808:808": true, "2002:808:808::1": true, "::ffff:8.8.8.8": true,

		"0.0.0.0": false, "0.1.2.3": false, "10.255.255.255": false, "100.64.0.1": false, "100.100.100.200": false, "127.0.0.1": false,
		"127.255.0.1": false, "168.63.129.16": false, "169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.0.0.192": false, "192.168.1.1": false, "198.19.0.1": false, "203.0.113.9": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,

		"::": false, "::1": false, "::127.0.0.1": false, "::ffff:10.0.0.1": false, "fe80::1": false, "fe80::1%lo": false, "fec0::1": false, "fd00:ec2::254": false,
		"ff02::1": false, "64:ff9b::a00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::1": false, "2002:a00:1::1": false, "2002:7f00:1::": false,
		"2001::1": false, "2001:db8::1": false, "3fff::1": false, "100::1": false, "5f00::1": false,
	} {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is public: %v, want %v", text, got, want)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestOutboundBodiesAreBounded(t *testing.T) {
	const most = 1000
	for name, c := range map[string]struct {
		size      int
		announced bool
		fits      bool
	}{
		"announced, fits": {most, true, true}, "announced, too large": {most + 1, true, false},
		"unannounced, fits": {most, false, true}, "unannounced, too large": {most + 1, false, false}, "endless": {1 << 22, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := counting(t, func(w http.ResponseWriter, _ *http.Request) {
				if !c.announced {
					w.(http.Flusher).Flush()
				}
				_, _ = io.WriteString(w, strings.Repeat("x", c.size))
			})
			body, err := get(t, Outbound{Allowed: loopback(t), MostBytes: most}.Client(), s.URL)
			if c.fits && (err != nil || len(body) != c.size) {
				t.Errorf("%d bytes, %v; want all %d", len(body), err, c.size)
			}
			if !c.fits && directory.KindOf(err) != directory.TooLarge {
				t.Errorf("%d bytes, %v; want it too large", len(body), err)
			}
			if len(body) > most {
				t.Errorf("%d bytes were read, of at most %d", len(body), most)
			}
		})
	}
}

func TestOutboundRedirectsAreBounded(t *testing.T) {
	s, hits := counting(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) })
	if _, err := get(t, Outbound{Allowed: loopback(t)}.Client(), s.URL); err == nil || hits.Load() != 4 {
		t.Errorf("%v after %d requests, want an error after 3 redirects", err, hits.Load())
	}
	hits.Store(0)
	if _, err := get(t, Outbound{Allowed: loopback(t), Redirects: -1}.Client(), s.URL); err == nil || hits.Load() != 1 {
		t.Errorf("%v after %d requests, want an error after the first", err, hits.Load())
	}
}

func TestOutboundStaysInHTTPS(t *testing.T) {
	plain, hits := counting(t, func(http.ResponseWriter, *http.Request) {})
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	client := Outbound{Allowed: loopback(t)}.Client()
	client.Transport.(*bounded).next.TLSClientConfig = secure.Client().Transport.(*http.Transport).TLSClientConfig
	if _, err := get(t, client, secure.URL); err == nil || !strings.Contains(err.Error(), "HTTPS") || hits.Load() != 0 {
		t.Errorf("%v, %d requests over plain HTTP; want a refusal", err, hits.Load())
	}
}

func TestOutboundAnswersAreBoundedInTime(t *testing.T) {
	s, _ := counting(t, func(w http.ResponseWriter, r *http.Request) {
		for range 100 {
			_, _ = io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	begun := time.Now()
	if _, err := get(t, Outbound{Allowed: loopback(t), Timeout: 200 * time.Millisecond}.Client(), s.URL); err == nil {
		t.Error("a body that drips was read to its end")
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}
