package provision

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

const (
	mailPatience  = 2 * time.Second  // a mail whose answer takes longer keeps no other from being sent
	mailsAtOnce   = 20               // so many may wait for their answers; then the next one waits
	codePatience  = 30 * time.Second // the answer to a code is not waited for any longer: it is not sent again in any case
	mailUnderWay  = "The mail server has the whole letter, and has not said yet whether it takes it."
	mailForgotten = "usher was stopped between the end of the letter and the mail server's answer to it, so that it may have arrived."
)

// errMailGone is that a mail was dropped just before its end would have been sent.
var errMailGone = errors.New("provision: the mail is not to be sent any more")

// handover is what the mail server was given and what is not noted yet. The zero value is ready.
//
// A mail is marked in the store before its end is sent (see mailUnderWay), so that one which a crash leaves between the two is
// known: nobody can say whether it arrived, and it is given up where everybody sees it instead of being sent twice.
type handover struct {
	mu       sync.Mutex
	underWay map[directory.ID]bool
	unnoted  map[directory.ID]handed // what became of mails, and could not be noted in the store
	work     sync.WaitGroup
}

// handed is a mail, and what became of handing it over.
type handed struct {
	mail *directory.Mail
	err  error
}

// begin takes a mail on.
func (h *handover) begin(id directory.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.underWay == nil {
		h.underWay, h.unnoted = map[directory.ID]bool{}, map[directory.ID]handed{}
	}
	h.underWay[id] = true
}

// end lets a mail go whose handed is noted, or keeps what became of it.
func (h *handover) end(o handed, noted bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.underWay, o.mail.ID)
	delete(h.unnoted, o.mail.ID)
	if !noted {
		h.unnoted[o.mail.ID] = o
	}
}

// has reports whether it is not noted yet what became of a mail.
func (h *handover) has(id directory.ID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, unnoted := h.unnoted[id]
	return unnoted || h.underWay[id]
}

// size is how many mails has is true of.
func (h *handover) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.underWay) + len(h.unnoted)
}

// late returns what is not noted yet.
func (h *handover) late() (list []handed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.unnoted {
		list = append(list, o)
	}
	return list
}

// noteLate notes what became of mails and could not be noted before.
func (e *Engine) noteLate(ctx context.Context) error {
	for _, o := range e.handover.late() {
		if err := e.noteMail(ctx, o.mail, o.err); err != nil {
			return err
		}
		e.handover.end(o, true)
	}
	return nil
}

// handOver hands a letter to the mail server and notes what became of it. It reports whether the server could be reached; the
// error is the store's. Once the server has had all of the letter for a while it returns, and the rest is done meanwhile.
func (e *Engine) handOver(ctx context.Context, m *directory.Mail, message *mail.Message) (bool, error) {
	type result struct {
		reached bool
		err     error
	}
	done, marked, left := make(chan result, 1), make(chan struct{}), make(chan struct{})
	e.handover.begin(m.ID)
	e.handover.work.Go(func() {
		reached, err := e.handAndNote(ctx, m, message, func() { close(marked) })
		done <- result{reached, err}
		select {
		case <-left:
			if err != nil {
				e.Log.ErrorContext(ctx, "what became of a mail could not be noted; it is noted later", "mail", m.ID.String(), "err", err)
			}
			e.post.ring()
		default:
		}
	})
	select {
	case r := <-done:
		return r.reached, r.err
	case <-marked:
	}
	select {
	case r := <-done:
		return r.reached, r.err
	case <-time.After(mailPatience):
		close(left)
		return true, nil
	}
}

// handAndNote is handOver to its end. The function is called once the mail is marked.
func (e *Engine) handAndNote(ctx context.Context, m *directory.Mail, message *mail.Message, marked func()) (bool, error) {
	var mark error
	marking := false
	message.Handing = func() error {
		if mark = e.markMail(ctx, m); mark == nil {
			marking = true
			marked()
		}
		return mark
	}
	err := e.Mail(ctx, message)
	o := handed{m, err}
	switch {
	case errors.Is(mark, errMailGone):
		e.handover.end(o, true)
		return true, nil
	case mark != nil:
		e.handover.end(o, true)
		return true, mark
	case err != nil && ctx.Err() != nil && !marking:
		e.handover.end(o, true)
		return false, nil // it was not sent, and the next process tries
	}
	noting := e.noteMail(ctx, m, err)
	e.handover.end(o, noting == nil)
	return !mail.Unreachable(err), noting
}

// markMail notes that the end of a mail is about to be sent.
func (e *Engine) markMail(ctx context.Context, m *directory.Mail) error {
	return e.Store.Update(ctx, func(tx store.Tx) error {
		row, err := tx.Mail(m.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && row.State != directory.MailQueued {
			return errMailGone
		}
		if err != nil {
			return err
		}
		row.LastError = mailUnderWay
		return tx.PutMail(row)
	})
}

// leftUnderWay is the error of a mail of which an earlier process noted that it sends the end, and not what became of it.
func leftUnderWay(m *directory.Mail) error {
	if m.LastError != mailUnderWay {
		return nil
	}
	return directory.Errorf(directory.Invalid, mailForgotten)
}
