// Package onboarding says what is asked of people who are new, and how far each of them is. It is pure: an organization's
// file, a member and what was reported in, a list with ticks out.
//
//	steps, trainings of the file ──▶ Compile ──▶ Plan ─┐
//	member: role, department, teams, permission sets ──┼─▶ Progress: what is asked and why, done, left, complete
//	grant: what was done, when it was complete ────────┘
package onboarding
