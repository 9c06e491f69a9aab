package config

import (
	"time"

	"github.com/mixus/usher/directory"
)

// Project is work for a time: its members may do everything with what it has, until it ends.
type Project struct {
	At      directory.Position
	Name    string
	Members ProjectMembers // beside those to whom a rule gives the project

	Agents         []string
	Integrations   []string
	Files          []string
	KnowledgeBases []string

	From     time.Time     // zero: always
	Duration time.Duration // counted from From; zero where Ends says it, or where it does not end
	Ends     time.Time     // zero: never, or by Duration
	Warn     time.Duration // before its end; zero for DefaultWarning
	Places   Places
}

// ProjectMembers says who is in a project. Whom any of the lists names is in it.
type ProjectMembers struct {
	At          directory.Position
	Departments []string // those below them too
	Teams       []string
	People      []string // addresses
	Places      Places
}

// End returns the instant from which on the project gives nothing, zero for never.
func (p *Project) End() time.Time {
	if p.Duration > 0 {
		return p.From.Add(p.Duration)
	}
	return p.Ends
}

// DefaultWarning is how long before the end of a project, or of an approved permission, people are told of it.
const DefaultWarning = 7 * 24 * time.Hour

// Warning returns how long before its end the people of a project are told of it.
func (p *Project) Warning() time.Duration {
	if p.Warn == 0 {
		return DefaultWarning
	}
	return p.Warn
}

// Space is a room of a team: what lies in it, and what each department or team may do there.
type Space struct {
	At     directory.Position
	Name   string
	Access []SpaceAccess // sorted by Of; whom it does not name may do nothing

	Agents         []string
	Integrations   []string
	Files          []string
	Conversations  []string
	KnowledgeBases []string
	Places         Places
}

// Levels of access to a space.
const (
	LevelFull = "full"
	LevelView = "view"
	LevelNone = "none" // denies, whatever else gives it
)

// SpaceAccess is what a department or team may do in a space.
type SpaceAccess struct {
	At    directory.Position
	Of    string   // a department or team
	Level string   // full, view or none
	Items []string // of the space's things; empty for all of them
}

// Levels of access to a shared agent, beside LevelFull and LevelNone.
const (
	LevelRun      = "run_only"
	LevelViewOnly = "view_only"
)

// FullAccess is the data scope of a shared integration that leaves nothing out.
const FullAccess = "full_access"

// Shared is an agent or integration that several departments or teams use, and how much of it each may.
type Shared struct {
	At     directory.Position
	Name   string
	Access []string      // departments and teams
	Levels []SharedLevel // sorted by Of, one for each of Access: full, run_only, view_only; of an integration, its data scope
	Places Places
}

// SharedLevel is how much of a shared thing a department or team may use.
type SharedLevel struct {
	At    directory.Position
	Of    string
	Level string
}
