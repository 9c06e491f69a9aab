package access

import (
	"slices"
	"strings"

	"github.com/mixus/usher/config"
)

// The types of things that the file speaks of.
const (
	TypeAgent         = "agent"
	TypeIntegration   = "integration"
	TypeModel         = "model"
	TypeFile          = "file"
	TypeConversation  = "conversation"
	TypeKnowledgeBase = "knowledge_base"
	TypeSpace         = "space"
	TypeProject       = "project"
)

// verbsOf returns what can be done with a type of thing. A file's roles may add to it.
func verbsOf(kind string) []string {
	switch kind {
	case TypeAgent:
		return []string{"view", "run", "edit", "share", "delete"}
	case TypeIntegration:
		return []string{"view", "use", "read", "write", "configure"}
	case TypeModel:
		return []string{"view", "use"}
	case TypeFile:
		return []string{"view", "download", "edit", "delete"}
	case TypeConversation:
		return []string{"view", "comment", "join", "edit"}
	case TypeKnowledgeBase:
		return []string{"view", "read", "edit"}
	case TypeSpace, TypeProject:
		return []string{"view", "join"}
	}
	return []string{"view", "use"}
}

// noun returns the word before the dot of the actions on a type of thing.
func noun(kind string) string {
	if strings.HasSuffix(kind, "s") {
		return kind
	}
	return kind + "s"
}

// levelUse is what permission sets give of the things that they list.
const levelUse = "use"

// allows reports whether a level of access to a thing lets a verb happen, for integrations on a kind of data; "" for
// data of any kind, where the answer tells to which it is limited.
func allows(level, verb, data string) bool {
	switch level {
	case config.LevelFull, config.FullAccess:
		return true
	case config.LevelNone:
		return false
	case config.LevelRun:
		return verb == "run"
	case config.LevelView, config.LevelViewOnly:
		return slices.Contains([]string{"view", "read", "download"}, verb)
	case levelUse:
		return verb == "view" || verb == "use"
	}
	does, of, narrowed := strings.Cut(level, "_")
	if narrowed && data != "" && data != of {
		return false
	}
	return verb == does || verb == "view" || verb == "use"
}
