package mapping

import (
	"strings"

	"github.com/mixus/usher/directory"
)

// ignore is an entry of the ignore list. A nil pattern holds for everybody.
type ignore struct {
	at                               directory.Position
	userName, email, external, group pattern
}

// pattern is folded text with * for any run of characters, split at its stars.
type pattern []string

func newPattern(text string) pattern {
	if text == "" {
		return nil
	}
	return strings.Split(directory.Fold(text), "*")
}

func (p pattern) matches(value string) bool {
	value = directory.Fold(value)
	if len(p) == 1 {
		return value == p[0]
	}
	first, middle, last := p[0], p[1:len(p)-1], p[len(p)-1]
	rest, ok := strings.CutPrefix(value, first)
	if !ok {
		return false
	}
	for _, part := range middle {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, last)
}

// ignore checks the ignore list.
func (c *compiler) ignore() {
	for _, i := range c.org.Ignore {
		if i.UserName == "" && i.Email == "" && i.ExternalID == "" && i.Group == "" {
			c.fail(i.At, "give it user_name, email, external_id or group", "an entry of ignore without a pattern would ignore everybody")
			continue
		}
		c.policy.ignore = append(c.policy.ignore, ignore{
			at: i.At, userName: newPattern(i.UserName), email: newPattern(i.Email),
			external: newPattern(i.ExternalID), group: newPattern(i.Group),
		})
	}
}

// holds reports whether every pattern that is set matches the account.
func (i *ignore) holds(a *Account) bool {
	return (i.userName == nil || i.userName.matches(a.Profile.UserName)) &&
		(i.external == nil || i.external.matches(a.Profile.ExternalID)) &&
		(i.email == nil || i.matchesEmail(&a.Profile)) &&
		(i.group == nil || i.matchesGroup(a.Groups))
}

func (i *ignore) matchesEmail(p *directory.Profile) bool {
	for _, e := range p.Emails {
		if i.email.matches(e.Value) {
			return true
		}
	}
	return i.email.matches(p.Email())
}

func (i *ignore) matchesGroup(groups []Group) bool {
	for g := range groups {
		if i.group.matches(groups[g].Name) {
			return true
		}
	}
	return false
}

// ignored returns the first entry of the ignore list that an account matches, nil for none.
func (p *Policy) ignored(a *Account) *ignore {
	for i := range p.ignore {
		if p.ignore[i].holds(a) {
			return &p.ignore[i]
		}
	}
	return nil
}
