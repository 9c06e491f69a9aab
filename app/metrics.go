package app

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/store"
)

// scrapeTimeout bounds what a scrape may ask of the store.
const scrapeTimeout = 5 * time.Second

// metrics are what /metrics shows. Labels are bounded: connections are configured ones, routes are patterns.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	commit   prometheus.Histogram
	batch    prometheus.Histogram
}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "usher_scim_requests_total", Help: "SCIM requests by connection, operation and status.",
		}, []string{"connection", "operation", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "usher_request_duration_seconds", Help: "Time from a request's headers to the end of its answer, by method, route and class of status.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route", "class"}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "usher_commit_duration_seconds", Help: "Time that a commit of the store took, the wait for the disk included.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .5, 1},
		}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "usher_commit_batch_size", Help: "Updates that shared a commit.", Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128},
		}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "usher_build_info", Help: "Always 1, with the version.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.duration, m.commit, m.batch, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// committed is told of every commit of the store.
func (m *metrics) committed(batch int, took time.Duration) {
	m.commit.Observe(took.Seconds())
	m.batch.Observe(float64(batch))
}

// scim is told of every SCIM answer.
func (m *metrics) scim(connection, operation string, status int) {
	m.requests.WithLabelValues(connection, operation, strconv.Itoa(status)).Inc()
}

// answered is told of every answer.
func (m *metrics) answered(r *http.Request, status int, took time.Duration) {
	m.duration.WithLabelValues(httpx.Method(r), httpx.Route(r), class(status)).Observe(took.Seconds())
}

// class returns the class of a status, such as "2xx".
func class(status int) string {
	switch status / 100 {
	case 1, 2:
		return "2xx"
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	}
	return "5xx"
}

// configured adds what is known of the configuration, at the time of a scrape.
func (m *metrics) configured(problems func() []directory.Problem, waiting func() int) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "usher_config_errors", Help: "Errors in the configuration as it was read last; what was in force before stays.",
		}, func() float64 {
			n := 0
			for _, p := range problems() {
				if p.Severity == directory.SeverityError {
					n++
				}
			}
			return float64(n)
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "usher_policies_waiting", Help: "Changed policies that are not in force yet.",
		}, func() float64 { return float64(waiting()) }),
	)
}

// watch adds what has to be asked of the store, at the time of a scrape.
func (m *metrics) watch(s store.Store) {
	m.registry.MustRegister(&waiting{
		store:  s,
		people: prometheus.NewDesc("usher_holds_waiting", "People who wait in holds, by kind.", []string{"kind"}, nil),
		jobs:   prometheus.NewDesc("usher_jobs_waiting", "Jobs that wait or are under way, counted up to 1000.", nil, nil),
		holds:  prometheus.NewDesc("usher_holds", "Effects that wait for somebody's decision.", []string{"organization"}, nil),
		mails:  prometheus.NewDesc("usher_mails", "Letters that wait for the mail server, and those that were given up, each counted up to 1000.", []string{"state"}, nil),
	})
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 2 * scrapeTimeout})
}

// waiting collects what waits in the store.
type waiting struct {
	store         store.Store
	jobs, holds   *prometheus.Desc
	people, mails *prometheus.Desc
}

// Describe says what is collected.
func (w *waiting) Describe(ch chan<- *prometheus.Desc) {
	ch <- w.jobs
	ch <- w.holds
	ch <- w.people
	ch <- w.mails
}

// Collect asks the store.
func (w *waiting) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	jobs := 0
	holds := map[string]int{}
	people := map[string]int{}
	mails := map[directory.MailState]int{}
	err := w.store.View(ctx, func(tx store.Tx) error {
		rows, err := tx.ListJobs(1000)
		if err != nil {
			return err
		}
		jobs = len(rows)
		for _, state := range []directory.MailState{directory.MailQueued, directory.MailFailed} {
			rows, err := tx.ListMails(state, directory.NoID, 1000)
			if err != nil {
				return err
			}
			mails[state] = len(rows)
		}
		orgs, err := tx.Organizations()
		if err != nil {
			return err
		}
		for name, num := range orgs {
			rows, err := tx.ListHolds(num)
			if err != nil {
				return err
			}
			holds[name] = len(rows)
			for _, h := range rows {
				people[h.Kind] += h.Waiting
				if h.Kind == directory.HoldLastAdmin {
					people[h.Kind]++
				}
			}
		}
		return nil
	})
	if err != nil {
		ch <- prometheus.NewInvalidMetric(w.jobs, err)
		return
	}
	ch <- prometheus.MustNewConstMetric(w.jobs, prometheus.GaugeValue, float64(jobs))
	for name, n := range holds {
		ch <- prometheus.MustNewConstMetric(w.holds, prometheus.GaugeValue, float64(n), name)
	}
	for state, n := range mails {
		ch <- prometheus.MustNewConstMetric(w.mails, prometheus.GaugeValue, float64(n), string(state))
	}
	for kind, n := range people {
		ch <- prometheus.MustNewConstMetric(w.people, prometheus.GaugeValue, float64(n), kind)
	}
}
