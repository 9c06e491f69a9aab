package config

import (
	"time"

	"github.com/mixus/usher/directory"
)

// Organization is one customer's file: who its people are, who may join, and what each group gives.
// Key order never carries meaning; the order of a list does where its comment says so.
type Organization struct {
	At             directory.Position
	ID             string
	Name           string
	Support        Support
	Domains        []Domain
	Connections    []Connection // in order: the earlier one's profile wins where no authority says otherwise
	Departments    []Department
	Roles          []Role // later ranks higher
	Rules          []Rule // in order: the first matching rule that sets a department gives it
	PermissionSets []PermissionSet
	Projects       []Project
	Spaces         []Space
	SharedAgents   []Shared // sorted by name, as SharedIntegrations is
	Ignore         []Ignore
	Guests         *Guests
	BreakGlass     []BreakGlass
	Brakes         []Brake
	Tests          []Test
	Policy         PolicySettings
	Rollout        []Phase // in order
	Sessions       Sessions
	Terms          Terms
	Invitations    Invitations
	Letters        Letters
	Onboarding     Onboarding
	Logo           string // an https address, or a path below public_url; "" for none
	Places         Places

	SharedIntegrations []Shared
}

// Support is whom an employee turns to.
type Support struct {
	Name  string
	Email string
	URL   string
}

// Domain is a mail domain that the organization owns, and what a person of it gets.
type Domain struct {
	At                   directory.Position
	Domain               string // folded
	AutoInvite           bool
	DefaultRole          string
	RequireAdminApproval bool
	Departments          []DepartmentRole // sorted by folded department
	Places               Places
}

// DepartmentRole is one line of a domain's department → role table.
type DepartmentRole struct {
	At         directory.Position
	RoleAt     directory.Position
	Department string
	Role       string
}

// States of a connection.
const (
	StateActive  = "active"
	StateObserve = "observe" // decide and show, change nobody
	StatePaused  = "paused"  // take facts, leave members as they are
)

// Ways in which a connection makes members.
const (
	ProvisioningAuto   = "auto"   // a pushed user becomes a member
	ProvisioningInvite = "invite" // a pushed user gets an invitation
)

// Where a connection's groups come from.
const (
	GroupsFromSCIM  = "scim"
	GroupsFromLogin = "login"
	GroupsFromPull  = "pull"
)

// Connection is one identity provider's line into the organization.
type Connection struct {
	At           directory.Position
	ID           string // unique over all organizations
	Label        string
	Provider     string // okta, entra, google or generic
	State        string
	Provisioning string
	DefaultRole  string
	GroupsFrom   string   // scim, login or pull
	Authority    []string // folded domains for whose people this connection decides status and profile
	Subject      Subject
	SAML         map[string]any // as written; SignInSAML reads it
	OIDC         map[string]any // as written; SignInOIDC reads it
	Extensions   []Extension    // custom SCIM schemas of its users
	Places       Places
}

// Subject names the immutable key of a person per protocol.
type Subject struct {
	SCIM string
	OIDC string
	SAML string
}

// Extension declares a custom SCIM schema for users (RFC 7643, section 3.3).
type Extension struct {
	At         directory.Position
	URN        string
	Name       string
	Attributes []ExtensionAttribute
}

// ExtensionAttribute declares one attribute of a custom schema, in the terms of RFC 7643, section 2.2.
type ExtensionAttribute struct {
	At          directory.Position
	Name        string
	Type        string // string, boolean, integer, decimal, dateTime, reference or complex
	MultiValued bool
	CaseExact   bool
	Required    bool
	Mutability  string // readWrite (the default), immutable, readOnly or writeOnly
	Returned    string // default, always, never or request
	Description string
	Attributes  []ExtensionAttribute // of a complex attribute
}

// Department is a department with the spellings that directories use for it.
type Department struct {
	At     directory.Position
	Name   string
	Parent string
	Match  []string
	Places Places
}

// Role is a named list of permissions.
type Role struct {
	At          directory.Position
	Name        string
	Includes    []string
	Permissions []string
	Places      Places
}

// Rule gives what it says to everybody it matches. Selectors are ANDed; the items of a list are ORed.
type Rule struct {
	At           directory.Position
	Places       Places
	Name         string
	Groups       []Selector
	ExceptGroups []Selector
	When         string             // CEL
	WhenAt       directory.Position // of the expression's first character
	WhenRaw      string             // as the file has it, for WhenPlace
	Connections  []string           // only records of these connections
	Guests       bool               // applies to people outside the owned domains too

	Role           string
	Department     string
	Teams          []string
	PermissionSets []string
	Spaces         []string
	Projects       []string

	MaxRole       string // caps every source, and never expires
	Deny          Deny
	MembershipFor time.Duration // counted from the first match; the membership then ends
	GrantFor      time.Duration // counted from the first match; what this rule gives ends
}

// Selector names a group, by name or by "id:" and its externalId or SCIM id.
type Selector struct {
	At   directory.Position
	Name string // empty where ID is set
	ID   string
}

// Deny takes away what other rules give.
type Deny struct {
	PermissionSets []string
	Teams          []string
	Spaces         []string
	Places         Places
}

// PermissionSet is a named set of values, merged by the most permissive where a person has several.
type PermissionSet struct {
	At     directory.Position
	Name   string
	Values []PermissionValue // sorted by name
}

// PermissionValue is one value of a permission set.
type PermissionValue struct {
	At    directory.Position
	Name  string
	Value directory.Value
}

// Ignore names directory records that never become members. Patterns use * for any run of characters, and are compared
// without case; every pattern that is set must match.
type Ignore struct {
	At         directory.Position
	UserName   string
	Email      string
	ExternalID string
	Group      string
}

// Guests limits people outside the owned domains.
type Guests struct {
	At      directory.Position
	MaxRole string
	Places  Places
}

// BreakGlass is a person who can sign in without any provider.
type BreakGlass struct {
	At    directory.Position
	Email string
}

// Brake limits how many people a change may touch before it waits in a hold.
type Brake struct {
	At      directory.Position
	Of      string
	Window  time.Duration
	Floor   int
	Percent float64
	Ceiling int
}

// Test is a named expectation about the policy.
type Test struct {
	At         directory.Position
	Name       string
	Connection string // whose directory record the person has; the file's first connection where it is empty
	User       map[string]any
	Groups     []string
	Instant    time.Time
	Expect     Expect
	Places     Places
}

// Expect is what must become of a test's person. What is nil or absent is not checked.
type Expect struct {
	At         directory.Position
	Member     *bool
	Active     *bool
	Waits      *bool
	Role       *string             // "" for none
	Department *string             // "" for none
	Lists      map[string][]string // teams, permission_sets, spaces, projects: all that the person has
	Access     []PermissionValue   // some of the merged values of the permission sets, sorted by name
	Absent     Absent
	Places     Places
}

// Absent is what a test's person must not have.
type Absent struct {
	Teams          []string
	PermissionSets []string
	Spaces         []string
	Projects       []string
	Places         Places
}

// PolicySettings says how a changed file takes effect.
type PolicySettings struct {
	Apply string // "" or "on_start"
}

// Phase is a step of a rollout: from an instant on, people of these groups may come in too.
type Phase struct {
	At     directory.Position
	Name   string // may be empty
	From   time.Time
	Groups []Selector // empty for everybody
	Places Places
}

// Sessions says how long people stay signed in.
type Sessions struct {
	At       directory.Position
	Idle     time.Duration // without doing anything
	Absolute time.Duration // at the most
}

// Terms are what everybody who joins accepts once, and again when the version changes.
type Terms struct {
	At      directory.Position
	Version string // "" where there are none
	Text    string // "" where URL says it all
	URL     string // "" where Text says it all
}

// Any reports whether there is something to accept.
func (t *Terms) Any() bool { return t.Version != "" }
