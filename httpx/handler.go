package httpx

import "net/http"

// Handler answers a request or returns an error for its transport to render. It writes nothing before it returns an
// error.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Renderer writes the answer for an error. Each transport has its own.
type Renderer func(w http.ResponseWriter, r *http.Request, err error)

// With makes a net/http handler of h, with the renderer for its errors.
func (h Handler) With(render Renderer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			render(w, r, err)
		}
	})
}
