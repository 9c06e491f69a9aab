package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, log); err != nil {
		log.Error("the application ends", "err", err)
		os.Exit(1)
	}
}

// run serves until the context ends.
func run(ctx context.Context, log *slog.Logger) error {
	env := func(name, without string) string { return cmp.Or(os.Getenv(name), without) }
	app := &App{Log: log, Secret: os.Getenv("APP_CLIENT_SECRET")} // no flag: everybody can read those
	listen := flag.String("listen", env("APP_LISTEN", "127.0.0.1:3000"), "the address to listen on (APP_LISTEN)")
	flag.StringVar(&app.Issuer, "issuer", env("APP_ISSUER", "http://127.0.0.1:8080"), "usher's public_url (APP_ISSUER)")
	flag.StringVar(&app.Client, "client-id", env("APP_CLIENT_ID", "app"), "the client's id in usher.yaml (APP_CLIENT_ID); its secret is in APP_CLIENT_SECRET")
	flag.StringVar(&app.URL, "url", os.Getenv("APP_URL"), "where browsers find this application (APP_URL); http:// and the address that it listens on without it")
	flag.Parse()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s, choose another address with -listen: %w", *listen, err)
	}
	app.URL = cmp.Or(app.URL, "http://"+listener.Addr().String())
	server := &http.Server{Handler: app.Handler(), ReadHeaderTimeout: 10 * time.Second}
	log.Info("serving", "url", app.URL, "issuer", app.Issuer)
	go func() {
		<-ctx.Done()
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(late)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
