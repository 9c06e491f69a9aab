// Package provision is the one door through which people change. Whatever the cause (a push, an admin, a policy, the
// time), the way is the same, in one transaction:
//
//	facts written ─▶ people touched ─▶ settle each: read facts, Evaluate, compare ─▶ member row, journal entry, jobs
//
// Nothing else in usher writes a member. What is too many for one transaction is left to jobs, which take the same way
// in batches and survive a kill.
package provision
