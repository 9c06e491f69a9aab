package facts

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mixus/usher/directory"
)

// ExtensionsOf returns what a stored user has beyond the standard's schemas, by URN and attribute: rules read it as
// user.ext. It is nil when there is nothing. What the enterprise extension says is in the profile.
func ExtensionsOf(u *directory.User) (map[string]map[string]json.RawMessage, error) {
	var all map[string]map[string]json.RawMessage
	for m := (members{rest: u.Body}); m.next(); {
		urn := string(m.name)
		if !strings.Contains(urn, ":") || urn == enterpriseURN { // no attribute's name has a colon (RFC 7643, section 2.1)
			continue
		}
		var attributes map[string]json.RawMessage
		if err := json.Unmarshal(m.value, &attributes); err != nil {
			return nil, fmt.Errorf("facts: extension %s of user %s: %w", urn, u.ID, err)
		}
		if all == nil {
			all = make(map[string]map[string]json.RawMessage, 1)
		}
		all[urn] = attributes
	}
	return all, nil
}
