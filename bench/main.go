// Command bench measures usher beside a floor on this machine, so that anybody can reproduce docs/performance.md.
//
// The floor is a bare net/http server that decodes and encodes the same JSON and keeps it in memory: what any Go server
// pays for a request before it has done anything. Both run as processes of their own and are driven with the same
// requests, shaped as identity providers send them. What counts is the processor time of the server per request, which
// hardly changes when the machine is busy, and its ratio to the floor; latency and throughput are printed beside it.
//
//	go run ./bench -usher ./usher -users 10000 -dialect entra
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
)

// options are what the command line says.
type options struct {
	usher       string
	config      string
	dialect     string
	users       int
	concurrency []int
	floor       string // serve the floor at this address instead of measuring
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.floor != "" {
		return serveFloor(ctx, o.floor)
	}
	d, ok := dialects()[o.dialect]
	if !ok {
		return fmt.Errorf("-dialect is okta or entra, not %q", o.dialect)
	}
	fmt.Printf("%s\n%d users, %s requests; server CPU per request, usher beside the floor\n", machine(), o.users, o.dialect)
	for _, concurrency := range o.concurrency {
		floor, err := measure(ctx, startFloor, o, d, concurrency)
		if err != nil {
			return fmt.Errorf("floor: %w", err)
		}
		usher, err := measure(ctx, startUsher, o, d, concurrency)
		if err != nil {
			return fmt.Errorf("usher: %w", err)
		}
		if err := printTable(os.Stdout, concurrency, floor, usher); err != nil {
			return err
		}
	}
	return nil
}

func parse(args []string) (options, error) {
	var o options
	var concurrency string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.usher, "usher", "./usher", "the program to measure")
	f.StringVar(&o.config, "config", "examples/acme/usher.yaml", "its configuration, with connections acme-okta and acme-entra")
	f.StringVar(&o.dialect, "dialect", "okta", "whose requests to send: okta or entra")
	f.IntVar(&o.users, "users", 2000, "how many people to push")
	f.StringVar(&concurrency, "concurrency", "1,16", "how many requests at a time, one run each")
	f.StringVar(&o.floor, "serve-floor", "", "serve the floor at this address, and nothing else")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	for _, text := range strings.Split(concurrency, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 {
			return o, fmt.Errorf("-concurrency is a list such as 1,16, not %q", concurrency)
		}
		o.concurrency = append(o.concurrency, n)
	}
	if o.users < 500 {
		return o, errors.New("-users is at least 500: fewer say nothing about processor time, which is counted in hundredths of a second")
	}
	return o, nil
}

// measure starts a server, pushes every phase at it and stops it.
func measure(ctx context.Context, start func(context.Context, options, dialect) (*server, error), o options, d dialect, concurrency int) (results []result, err error) {
	s, err := start(ctx, o, d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	l := newLoad(s, d, o.users, concurrency)
	for _, p := range l.phases() {
		fmt.Fprintf(os.Stderr, "  %s, %d at a time: %s …\n", s.name, concurrency, p.name)
		r, err := l.run(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		results = append(results, r)
	}
	return results, nil
}
