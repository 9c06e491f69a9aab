package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
)

// forgery is what an attacker would like to read in the log, in a form that a URL can carry.
const forgery = `%0atime=2001-01-01T00:00:00Z%20level=ERROR%20msg=forged%0d%0a{"time":"2001-01-01T00:00:00Z","level":"ERROR","msg":"forged"}%0a%1b[31m%e2%80%a8`

// hostile are requests whose every part wants to become a line of the log.
func hostile(token string) []string {
	request := func(method, target string, headers ...string) string {
		return method + " " + strings.ReplaceAll(target, " ", "%20") + " HTTP/1.1\r\nHost: usher\r\nConnection: close\r\n" + strings.Join(append(headers, "\r\n"), "\r\n")
	}
	bearer := "Authorization: Bearer " + token
	escapes := "User-Agent: a\tmsg=forged \"level\":\"ERROR\""
	return []string{
		request("GET", "/scim/v2/x"+forgery+"/Users", "Authorization: Bearer guess"+"\tmsg=forged", escapes),
		request("GET", `/scim/v2/acme-okta","level":"ERROR","msg":"forged/Users`, "Authorization: Bearer guess", escapes),
		request("GET", "/scim/v2/acme-okta/Users/"+forgery, bearer, "X-Request-Id: r level=ERROR msg=forged", escapes),
		request("GET", "/scim/v2/acme-okta/Users?filter="+forgery, bearer, "X-Forwarded-For: 10.0.0.1 msg=forged", escapes),
		request("GET", "/scim/v2/acme-okta/"+forgery, bearer),
		request("LEVEL-ERROR", "/scim/v2/acme-okta/Users"),
		request("POST%0amsg", "/scim/v2/acme-okta/Users", bearer),
		request("GET", "/api/v1/organizations/"+forgery+"/members", bearer),
		request("GET", "/"+forgery, bearer),
	}
}

// TestAbuse64LogInjectionIntoTheServersLog sends hostile requests to the running server: each line of its log, the access
// log and the refusals, is one that the server wrote, whatever the format.
func TestAbuse64LogInjectionIntoTheServersLog(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			opts, log := configure(t)
			write(t, filepath.Join(filepath.Dir(opts.Config), "usher.yaml"), "log: {access: true, format: "+format+"}\n")
			a := begin(t, opts)
			requests := hostile(secret(t, a))
			for _, r := range requests {
				if status := raw(t, a, r); status >= 500 || status < 400 {
					t.Errorf("%q is answered %d", r, status)
				}
			}
			for deadline := time.Now().Add(5 * time.Second); strings.Count(log.String(), "request_id") < len(requests) && time.Now().Before(deadline); {
				time.Sleep(5 * time.Millisecond) // the last line is written after its answer
			}
			text := log.String()
			if !strings.Contains(text, "scim token refused") || strings.Count(text, "route") < len(requests) || strings.Contains(text, "guess") {
				t.Fatalf("the refusals and the requests are not all there, or a token is:\n%s", text)
			}
			for line := range strings.Lines(text) {
				if err := genuine(format, strings.TrimSuffix(line, "\n")); err != nil {
					t.Errorf("%v: %s", err, line)
				}
			}
		})
	}
}

// genuine reports what is wrong with a line that the server did not write as it stands.
func genuine(format, line string) error {
	if i := strings.IndexFunc(line, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == unicode.ReplacementChar }); i >= 0 {
		return fmt.Errorf("a control character at %d", i)
	}
	level, message := "", ""
	if format == "json" {
		var fields struct{ Level, Msg string }
		d := json.NewDecoder(strings.NewReader(line))
		if err := d.Decode(&fields); err != nil || d.More() {
			return fmt.Errorf("not one JSON object (%w)", err)
		}
		level, message = fields.Level, fields.Msg
	} else {
		head, rest, _ := strings.Cut(line, " level=")
		if !strings.HasPrefix(head, "time=2") || strings.HasPrefix(head, "time=2001") {
			return fmt.Errorf("it does not begin as a line does")
		}
		level, rest, _ = strings.Cut(rest, " ")
		message, _, _ = strings.Cut(strings.TrimPrefix(rest, "msg="), " ")
	}
	if level == "ERROR" || message == "forged" {
		return fmt.Errorf("forged")
	}
	return nil
}

// raw sends the bytes of a request and returns the status of the answer.
func raw(t *testing.T, a *App, request string) int {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", a.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
