package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/mixus/usher/directory"
)

const (
	answerWait = 10 * time.Minute      // RFC 5321, section 4.5.3.2.6: who waits shorter makes duplicates
	goodbye    = 2 * time.Second       // a server that has answered is not waited for any longer
	lastGrace  = 3 * time.Second       // for the answer to a mail whose end was sent, when usher stops
	lastLook   = 10 * time.Millisecond // for whether the server has hung up, before the end of the mail goes out
)

// unanswered is why nobody knows whether the server has taken a mail.
type unanswered struct{ cause error }

func (u *unanswered) Error() string { return u.cause.Error() }
func (u *unanswered) Unwrap() error { return u.cause }

// Unanswered reports whether an error of Send leaves open whether the server has taken the mail: it had the whole of it, and
// did not say. To send it again may be to send it twice.
func Unanswered(err error) bool {
	var u *unanswered
	return errors.As(err, &u)
}

// hand goes through the dialog about one mail. The server may have taken it only once its end was sent, which go-mail's own way
// of sending does not tell apart from before. Unless it returns nil the line has to be closed at once: a QUIT would send the end.
func (s *Sender) hand(ctx context.Context, line *smtp.Client, m *Message, msg *gomail.Msg) error {
	hangUp := func() { _ = line.Text.Close() } // whoever waits for the server hears of it
	release := context.AfterFunc(ctx, hangUp)
	defer release()
	body, err := s.content(line, msg)
	if err != nil {
		return s.judge(err)
	}
	if m.Handing != nil {
		err = m.Handing()
	}
	if !release() {
		err = ctx.Err()
	}
	if err != nil {
		return s.problem("was not given the end of the letter", directory.Unavailable, err)
	}
	release = context.AfterFunc(ctx, func() { time.AfterFunc(lastGrace, hangUp) })
	defer release()
	return s.end(line, body)
}

// content sends the envelope and the mail up to its end, which closing what it returns sends.
func (s *Sender) content(line *smtp.Client, msg *gomail.Msg) (io.Closer, error) {
	from, err := msg.GetSender(false)
	if err != nil {
		return nil, err
	}
	to, err := msg.GetRecipients()
	if err != nil {
		return nil, err
	}
	if err := line.UpdateDeadline(s.Settings.Timeout); err != nil {
		return nil, err
	}
	if err := line.Mail(from); err != nil {
		return nil, err
	}
	for _, one := range to {
		if err := line.Rcpt(one); err != nil {
			return nil, err
		}
	}
	body, err := line.Data()
	if err != nil {
		return nil, err
	}
	if _, err := msg.WriteTo(body); err != nil {
		return nil, err
	}
	return body, line.Text.W.Flush()
}

// end sends the end of a mail, and waits for what the server says to it.
func (s *Sender) end(line *smtp.Client, body io.Closer) error {
	if err := line.UpdateDeadline(lastLook); err != nil {
		return s.judge(err)
	}
	if _, err := line.Text.R.Peek(1); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return s.judge(err)
	}
	if err := line.UpdateDeadline(cmp.Or(s.Answer, answerWait)); err != nil {
		return s.judge(err)
	}
	err := body.Close()
	if err == nil {
		return nil
	}
	if unsent := line.Text.W.Flush(); unsent != nil { // what went wrong with writing stays
		return s.judge(unsent)
	}
	var answer *textproto.Error
	if errors.As(err, &answer) {
		switch answer.Code / 100 {
		case 2:
			return nil
		case 4, 5:
			return s.judge(err)
		}
	}
	return s.problem("got the whole letter, and did not say whether it takes it, so that it may have arrived", directory.Invalid, &unanswered{err})
}

// judge says of what went wrong before the server may have taken a mail whether it is for good (RFC 5321, section 4.2.1).
func (s *Sender) judge(err error) error {
	var answer *textproto.Error
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &answer) && answer.Code >= 500:
		return s.problem(fmt.Sprintf("refuses the mail for good (%d)", answer.Code), directory.Invalid, err)
	case errors.As(err, &answer):
		return s.problem(fmt.Sprintf("does not take the mail now (%d)", answer.Code), directory.Unavailable, err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return s.problem("did not answer in time, before it had the whole letter", directory.Unavailable, err)
	}
	return s.problem("broke off before it had the whole letter", directory.Unavailable, err)
}
