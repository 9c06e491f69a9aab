package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// printTable prints what each phase cost usher beside the floor, as a table that Markdown reads too.
func printTable(w io.Writer, concurrency int, floor, usher []result) error {
	fmt.Fprintf(w, "\n%d at a time\n\n", concurrency)
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| work\t| floor µs\t| usher µs\t| ratio\t| usher/s\t| p50 ms\t| p99 ms\t|")
	fmt.Fprintln(t, "|---\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|")
	for i, u := range usher {
		fmt.Fprintf(t, "| %s\t| %s\t| %s\t| %s\t| %.0f\t| %s\t| %s\t|\n", u.phase, micros(floor[i].cpu), micros(u.cpu),
			ratio(u.cpu, floor[i].cpu), u.throughput, millis(quantile(u.each, 0.50)), millis(quantile(u.each, 0.99)))
	}
	return t.Flush()
}

func micros(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", float64(d)/float64(time.Microsecond))
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond)) }

func ratio(a, b time.Duration) string {
	if a == 0 || b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

// quantile returns the value below which a part of sorted durations lies.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
