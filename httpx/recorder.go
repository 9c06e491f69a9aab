package httpx

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

// recorder notes the status and the bytes of an answer, and keeps the write deadline ahead of an answer that moves.
type recorder struct {
	http.ResponseWriter
	status  int
	bytes   int64
	timeout time.Duration // for one stretch of writing without progress
	renewed time.Time     // when the write deadline was last set
	control *http.ResponseController
}

func (w *recorder) reset(rw http.ResponseWriter, timeout time.Duration, now time.Time) {
	*w = recorder{ResponseWriter: rw, timeout: timeout, renewed: now}
}

// WriteHeader notes the status. Informational answers (1xx) are not the answer.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.renew(time.Now())
	w.ResponseWriter.WriteHeader(status)
}

// Write notes the bytes, and grants an answer that moves another stretch of time.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.renew(time.Now())
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// renew moves the write deadline, at most four times a stretch so that small writes stay cheap. The server sets the
// first one, and a body that took long to arrive may have used it up.
func (w *recorder) renew(now time.Time) {
	if now.Sub(w.renewed) < w.timeout/4 {
		return
	}
	w.renewed = now
	if w.control == nil {
		w.control = http.NewResponseController(w.ResponseWriter)
	}
	// A writer without deadlines, as in a test, needs none.
	_ = w.control.SetWriteDeadline(now.Add(w.timeout))
}

// Flush sends what is buffered, if the connection can.
func (w *recorder) Flush() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Hijack hands the connection over, if the server allows it.
func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
