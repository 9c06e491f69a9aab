package invite

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"unique"
)

// How many people are handed over at once, and with how much text.
const (
	batch      = 200
	batchBytes = 256 << 10
)

// Outcome is what became of a row, or would.
type Outcome struct {
	Line    int    `json:"line"`
	Email   string `json:"email"`
	Code    string `json:"code"`              // invited, awaiting_approval, already_member, already_invited, refused
	Field   string `json:"-"`                 // of a refused one: the column that is wrong
	Message string `json:"message,omitempty"` // why it was refused, or what else to know of it
}

// refused is the code of somebody who cannot be invited.
const refused = "refused"

// Import is one file on its way in.
type Import struct {
	// Open opens the file from its beginning. It is read more than once.
	Open func() (io.ReadCloser, error)
	// Invite invites people, or says what would become of each, in their order.
	Invite func(ctx context.Context, people []Person, dryRun bool) ([]Outcome, error)
	// Progress, if it is set, is told of rows that are done.
	Progress func(rows int)

	DryRun bool // change nothing
	Atomic bool // invite nobody where somebody cannot be invited
}

// Report is what became of a file.
type Report struct {
	Rows     int            `json:"rows"` // that were read, bad ones included
	DryRun   bool           `json:"dry_run,omitempty"`
	Withheld bool           `json:"withheld,omitempty"` // nobody was invited, because of the problems
	Counts   map[string]int `json:"counts"`
	Problems []*RowError    `json:"problems"`

	file   *Import
	survey *survey
	codes  []string       // of good rows, in the order of the file; "" for one that was not done, or is a problem
	notes  map[int]string // messages, by the number of the row among the good ones
}

// Outcomes returns what became of each good row, in the order of the file, which is read once more: 100,000 of them are not
// kept. An error of reading it comes last.
func (r *Report) Outcomes() iter.Seq2[Outcome, error] {
	return func(yield func(Outcome, error) bool) {
		if r.survey == nil {
			return
		}
		err := r.file.open(func(from io.Reader) error {
			return each(from, func(p *Person) error {
				n := r.survey.of(p)
				if n < 0 || r.codes[n] == "" {
					return nil
				}
				if !yield(Outcome{Line: p.Line, Email: p.Email, Code: r.codes[n], Message: r.notes[n]}, nil) {
					return errEnough
				}
				return nil
			}, func(*RowError) {})
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(Outcome{}, err)
		}
	}
}

// errEnough ends a reading.
var errEnough = errors.New("invite: nobody wants more rows")

// Run works through the file. Its error is a *RowError of the whole file, or what reading or inviting met; the report then has
// what was done before. Nobody who was invited before is invited again, so that the same file can be run anew.
func (m *Import) Run(ctx context.Context) (*Report, error) {
	report := &Report{DryRun: m.DryRun, Counts: map[string]int{}, Problems: []*RowError{}}
	s, err := m.survey()
	if err != nil {
		return report, err
	}
	report.file, report.survey = m, s
	report.forget()
	report.Problems = append(report.Problems, s.problems...)
	report.Rows = len(s.people) + len(s.problems)
	for _, p := range s.people {
		if p.depth < 0 {
			report.Rows-- // counted as a problem
		}
	}
	if m.Atomic {
		if err := m.work(ctx, s, report, true); err != nil {
			return report, err
		}
		if report.Withheld = len(report.Problems) > 0; report.Withheld || m.DryRun {
			report.order()
			return report, nil
		}
		report.forget()
	}
	err = m.work(ctx, s, report, m.DryRun)
	report.order()
	return report, err
}

func (m *Import) survey() (s *survey, err error) {
	err = m.open(func(from io.Reader) error {
		s, err = look(from)
		return err
	})
	return s, err
}

func (m *Import) open(fn func(io.Reader) error) error {
	file, err := m.Open()
	if err != nil {
		return err
	}
	return errors.Join(fn(file), file.Close())
}

// work hands over the good rows, everybody after their manager. It reads the file as often as managers stand below their
// people in it.
func (m *Import) work(ctx context.Context, s *survey, report *Report, dryRun bool) error {
	done := make([]bool, len(s.people))
	for again := true; again; {
		again = false
		moved := false
		err := m.open(func(from io.Reader) error {
			var people []Person
			var numbers []int
			size := 0
			hand := func() error {
				err := m.hand(ctx, people, numbers, report, dryRun)
				people, numbers, size = people[:0], numbers[:0], 0
				return err
			}
			err := each(from, func(p *Person) error {
				n := s.of(p)
				if n < 0 || done[n] {
					return nil
				}
				if above := s.manager(n); above >= 0 && !done[above] {
					again = true
					return nil
				}
				done[n], moved = true, true
				people, numbers, size = append(people, *p), append(numbers, n), size+p.size()
				if len(people) < batch && size < batchBytes {
					return nil
				}
				return hand()
			}, func(*RowError) {})
			if err != nil {
				return err
			}
			return hand()
		})
		if err != nil {
			return err
		}
		again = again && moved // a file that changes meanwhile may lack a manager by now
	}
	return nil
}

// hand hands over one batch, with the numbers of its rows, and notes what became of it.
func (m *Import) hand(ctx context.Context, people []Person, numbers []int, report *Report, dryRun bool) error {
	if len(people) == 0 {
		return nil
	}
	outcomes, err := m.Invite(ctx, people, dryRun)
	if err != nil {
		return err
	}
	for i, o := range outcomes {
		report.Counts[o.Code]++
		if o.Code == refused {
			report.Problems = append(report.Problems, people[i].At(o.Field, o.Message))
			continue
		}
		report.codes[numbers[i]] = unique.Make(o.Code).Value() // one text for all
		if o.Message != "" {
			report.notes[numbers[i]] = o.Message
		}
	}
	if m.Progress != nil {
		m.Progress(len(people))
	}
	return nil
}

// forget begins to count anew.
func (r *Report) forget() {
	r.Counts, r.codes, r.notes = map[string]int{}, make([]string, len(r.survey.people)), map[int]string{}
}

// order puts the problems in the order of the file.
func (r *Report) order() {
	slices.SortStableFunc(r.Problems, func(a, b *RowError) int { return a.Line - b.Line })
}
