// Package directory holds the nouns that every other package speaks of: users and groups as a provider pushed them,
// members and the decisions about them, grants, journal entries, jobs, tokens, permission values, problems in a file,
// and the kinds of error. It imports the standard library only and does nothing but hold, compare and merge.
//
// A word on three that are easy to confuse:
//
//	User    what one connection's provider said about a person (a SCIM resource); facts, never our opinion
//	Member  the one person in the organization that those users belong to, with the decision that is in force
//	Grant   what somebody gave or took by hand (a pin, a removal, an invitation), beside what rules give
package directory
