package password

import (
	"sync"

	"github.com/trustelem/zxcvbn/frequency"
)

// commonly is the list of common passwords, in lower case, made when it is first asked.
var commonly = sync.OnceValue(func() map[string]struct{} {
	list := frequency.FrequencyLists["passwords"]
	set := make(map[string]struct{}, len(list))
	for _, password := range list {
		set[password] = struct{}{}
	}
	return set
})

// listed reports whether a folded password is on the list of common ones.
func listed(password string) bool {
	_, found := commonly()[password]
	return found
}
