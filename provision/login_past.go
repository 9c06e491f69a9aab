package provision

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mixus/usher/directory"
)

// signIns tells what was known by then of what providers said when the person signed in: of each connection and subject
// the last that was new.
func (b *pastBuilder) signIns() error {
	type source struct {
		conn    directory.ConnNum
		subject string
	}
	var order []source
	last := map[source]PastAccount{}
	for _, l := range b.lines[:b.then] {
		if (l.Kind != kindLogin && l.Kind != kindRefused && l.Kind != kindAwaiting) || len(l.Attributes) == 0 {
			continue
		}
		var said signInSaid
		for _, v := range l.Values {
			if v.Attribute != attributeLogin {
				continue
			}
			if err := json.Unmarshal(v.After, &said); err != nil {
				return fmt.Errorf("provision: entry %d: %w", l.Seq, err)
			}
		}
		a := PastAccount{Connection: b.conns[l.Conn], Said: l, Erased: l.erased()}
		if said.Profile != nil {
			a.Profile = *said.Profile
		}
		for _, name := range said.Groups {
			a.Groups = append(a.Groups, PastGroup{Name: name, Said: l})
		}
		k := source{l.Conn, said.Subject}
		if !slices.Contains(order, k) {
			order = append(order, k)
		}
		last[k] = a
	}
	for _, k := range order {
		b.Accounts = append(b.Accounts, last[k])
	}
	return nil
}
