package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Limits of a Server, unless its fields say otherwise.
const (
	HeaderTimeout  = 10 * time.Second  // for a request's line and headers
	IdleTimeout    = 120 * time.Second // for the next request on a connection
	MaxHeaderBytes = 32 << 10
)

// Server serves one handler on any number of listeners, and drains on Shutdown. Its fields are set before Start.
type Server struct {
	Handler     http.Handler
	Log         *slog.Logger
	Certificate *Certificate // nil for plain HTTP

	HeaderTimeout time.Duration // 0 means the constant of this name
	WriteStretch  time.Duration // 0 means the constant of this name; the same as the Edge's

	// Failed is told when a listener breaks by itself; nil for nobody.
	Failed func(error)

	once   sync.Once
	server *http.Server
	serves sync.WaitGroup
}

// Start serves a listener until Shutdown. It returns at once.
func (s *Server) Start(listener net.Listener) {
	s.once.Do(s.prepare)
	if s.Certificate != nil {
		listener = tls.NewListener(listener, s.server.TLSConfig)
	}
	s.serves.Go(func() {
		err := s.server.Serve(listener)
		if errors.Is(err, http.ErrServerClosed) {
			return
		}
		s.Log.Error("listener broke", slog.Any("err", err))
		if s.Failed != nil {
			s.Failed(err)
		}
	})
}

func (s *Server) prepare() {
	s.server = &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: orElse(s.HeaderTimeout, HeaderTimeout),
		// The first stretch of writing; the Edge moves the deadline for an answer that makes progress.
		WriteTimeout:   orElse(s.WriteStretch, WriteStretch),
		IdleTimeout:    IdleTimeout,
		MaxHeaderBytes: MaxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug), // scanners and broken handshakes
		ConnContext:    connContext,
	}
	if s.Certificate != nil {
		s.server.TLSConfig = &tls.Config{
			MinVersion:     tls.VersionTLS12,
			NextProtos:     []string{"h2", "http/1.1"},
			GetCertificate: s.Certificate.get,
		}
	}
}

// Shutdown stops accepting, waits for requests under way until the context ends, and then cuts what is left.
func (s *Server) Shutdown(ctx context.Context) error {
	s.once.Do(s.prepare)
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("httpx: requests were still under way: %w", errors.Join(err, s.server.Close()))
	}
	s.serves.Wait()
	return err
}
