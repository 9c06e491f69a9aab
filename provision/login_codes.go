package provision

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"

	"github.com/mixus/usher/directory"
)

// LoginCode says what became of a sign-in, so that each can have a page of its own.
type LoginCode string

// What becomes of a sign-in. The first three get in.
const (
	LoginJoined LoginCode = "joined" // became a member by this sign-in
	LoginLinked LoginCode = "linked" // a member of another source, met by address for the first time
	LoginKnown  LoginCode = "known"  // a member who has signed in before

	LoginAwaiting      LoginCode = "awaiting"
	LoginNotPushed     LoginCode = "not_pushed"
	LoginUnknownDomain LoginCode = "unknown_domain"
	LoginUnvouched     LoginCode = "unvouched"
	LoginAmbiguous     LoginCode = "ambiguous"
	LoginNoRule        LoginCode = "no_rule"
	LoginWaits         LoginCode = "waits"
	LoginHeld          LoginCode = "held"
	LoginSuspended     LoginCode = "suspended"
	LoginRemoved       LoginCode = "removed"
	LoginObserved      LoginCode = "observed"
	LoginPaused        LoginCode = "paused"
	LoginRetired       LoginCode = "retired"
	LoginLockdown      LoginCode = "lockdown"
	LoginReplayed      LoginCode = "replayed"
	LoginExpired       LoginCode = "expired"
	LoginElsewhere     LoginCode = "elsewhere"
)

// Because says for the helpdesk why a sign-in with this code was refused, and what helps; "" for one that was not.
func (c LoginCode) Because() string {
	switch c {
	case LoginJoined, LoginLinked, LoginKnown:
	case LoginAwaiting:
		return "the person waits for an admin's approval"
	case LoginNotPushed:
		return "the directory has not told of the person yet, and the domain does not let people join by signing in (auto_invite); assign them at the provider, and let them try again"
	case LoginUnknownDomain:
		return "none of the person's addresses is in a domain that the organization owns"
	case LoginUnvouched:
		return "the provider does not vouch for the person's address: it has to say that it has verified it, and no other connection may have the authority for its domain"
	case LoginAmbiguous:
		return "the person's addresses are of several members; `usher members merge` joins them"
	case LoginNoRule:
		return "no rule, invitation or default gives the person a role, or they are on the ignore list"
	case LoginWaits:
		return "the rollout has not come to the person yet"
	case LoginHeld:
		return "what makes the person a member waits in a hold for somebody's decision"
	case LoginSuspended:
		return "the member is suspended; `usher explain` says why"
	case LoginRemoved:
		return "an admin has removed the member"
	case LoginObserved:
		return "the connection only observes: it shows what would be, and lets nobody in"
	case LoginPaused:
		return "the connection is paused: nobody becomes a member by it, or is linked to one"
	case LoginRetired:
		return "the connection was retired, or is not in the policy any more"
	case LoginLockdown:
		return "the organization is locked down: nobody joins, or is linked to a member, until that is over"
	case LoginReplayed:
		return "the provider's answer was used already"
	case LoginExpired:
		return "the sign-in took too long, was finished already, or was begun in another browser; start again"
	case LoginElsewhere:
		return "a provider signs the person in, or they did not come by an invitation: no code, password or passkey of their own lets them in"
	}
	return ""
}

// The kinds of entry about sign-ins and sessions.
const (
	kindLogin        = "login"
	kindRefused      = "login.refused"
	kindAwaiting     = "login.awaiting" // the first one of somebody whom an admin has to let in
	kindSessionEnded = "session.ended"
	kindSessionsOver = "sessions.ended" // all of an organization
	kindLockdownOn   = "lockdown.on"
	kindLockdownOff  = "lockdown.off"

	attributeLogin = "login"
)

// onlySignIn reports whether an entry tells of somebody coming or going from which nothing followed for them.
func onlySignIn(e *directory.Entry) bool {
	switch e.Kind {
	case kindLogin, kindRefused, kindSessionEnded:
		return len(e.Attributes) == 0 && len(e.Effects) == 0
	}
	return false
}

// referenceDigits are those of references: without letters that are taken for digits.
const referenceDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

var references = base32.NewEncoding(referenceDigits).WithPadding(base32.NoPadding)

// Reference names an entry in a few characters that people can read out over the telephone: its number, and a check that
// only the entry itself passes, so that a slip leads nowhere instead of to somebody else.
func Reference(e *directory.Entry) string {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], e.Seq)
	digits := strings.TrimLeft(references.EncodeToString(number[:]), "0")
	return digits + "-" + referenceCheck(e)
}

func referenceCheck(e *directory.Entry) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte(e.Kind), e.Seq), uint64(e.At.UnixMilli())))
	return references.EncodeToString(sum[:5])[:4]
}

// referenceNumber reads the number of an entry, and its check, from what somebody typed. It reports false for what is no
// reference.
func referenceNumber(text string) (uint64, string, bool) {
	text = strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", " ", "").Replace(strings.ToUpper(text))
	if len(text) < 5 || len(text) > 17 {
		return 0, "", false
	}
	digits, check := text[:len(text)-4], text[len(text)-4:]
	number, err := references.DecodeString(strings.Repeat("0", 13-len(digits)) + digits)
	if err != nil {
		return 0, "", false
	}
	return binary.BigEndian.Uint64(number), check, true
}
