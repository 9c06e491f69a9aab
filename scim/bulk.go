package scim

import (
	"net/http"
	"strconv"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
)

// maxBatch is how many operations of a Bulk request share a transaction.
const maxBatch = 100

// bulk answers POST /Bulk (RFC 7644, section 3.7). Operations are done in the order in which they stand, except that one
// which refers to a resource that a later operation creates waits for that. Each is atomic: those that share a
// transaction are done again without one that fails.
func (c *call) bulk() error {
	if c.r.Method != http.MethodPost {
		return c.otherwise(allowPost)
	}
	c.operation = "bulk"
	in, err := c.open(c.Limits.BulkBody)
	if err != nil {
		return err
	}
	request, err := readBulk(in, c.Limits.BulkOperations)
	if err != nil {
		return in.blame(err)
	}
	job := &bulkJob{
		call: c, operations: request.operations, failOnErrors: request.failOnErrors,
		states: make([]bulkState, len(request.operations)), outcomes: make([]*bulkOutcome, len(request.operations)),
	}
	job.name()
	for i := range job.operations {
		job.run(i)
	}
	job.flush()
	b := c.buffer()
	defer c.release(b)
	*b = job.append(*b)
	c.send(http.StatusOK, *b)
	return nil
}

// bulkState is how far an operation has come.
type bulkState byte

const (
	bulkNew bulkState = iota
	bulkWaiting
	bulkReady // in the batch
	bulkDone
)

// bulkOutcome is how an operation ended.
type bulkOutcome struct {
	status   int
	id       directory.ID // of the resource; the zero ID where there is none
	revision uint64
	failure  *scimError
}

// bulkJob is a Bulk request on its way.
type bulkJob struct {
	call         *call
	operations   []bulkOperation
	failOnErrors int // 0 for no limit
	byBulkID     map[string]int
	states       []bulkState
	outcomes     []*bulkOutcome // nil for operations that were not done
	batch        []bulkReadied
	errors       int
}

// bulkReadied is an operation whose transaction is all that is left.
type bulkReadied struct {
	index  int
	change *change
}

// name indexes the bulkIds. The first of two that are the same counts; the second fails when its turn comes.
func (j *bulkJob) name() {
	j.byBulkID = make(map[string]int, len(j.operations))
	for i := range j.operations {
		op := &j.operations[i]
		if _, taken := j.byBulkID[op.BulkID]; !taken && op.BulkID != "" {
			j.byBulkID[op.BulkID] = i
		}
	}
}

// stopped reports whether failOnErrors has been reached.
func (j *bulkJob) stopped() bool { return j.failOnErrors > 0 && j.errors >= j.failOnErrors }

// run readies an operation, after those to which it refers.
func (j *bulkJob) run(i int) {
	if j.states[i] != bulkNew || j.stopped() {
		return
	}
	j.states[i] = bulkWaiting
	ids, err := j.resolve(i)
	if j.stopped() {
		return
	}
	var ch *change
	if err == nil {
		ch, err = j.prepare(i, ids)
	}
	if err != nil {
		// What stands before a failure is done before it counts.
		if j.flush(); !j.stopped() {
			j.fail(i, err)
		}
		return
	}
	j.states[i] = bulkReady
	j.batch = append(j.batch, bulkReadied{i, ch})
	if len(j.batch) == maxBatch {
		j.flush()
	}
}

// resolve finds the ids of the resources to which an operation refers by bulkId, doing first what creates them.
func (j *bulkJob) resolve(i int) (map[string]string, error) {
	references := j.operations[i].references()
	if len(references) == 0 {
		return nil, nil
	}
	ids := make(map[string]string, len(references))
	for _, reference := range references {
		k, ok := j.byBulkID[reference]
		if !ok || j.operations[k].Method != http.MethodPost {
			return nil, invalid(codeInvalidValue, "No operation creates a resource with bulkId "+strconv.Quote(reference)+".")
		}
		if j.states[k] == bulkWaiting {
			return nil, &directory.Error{Kind: directory.Conflict, Code: codeInvalidValue, Message: "The operations refer to one another in a circle, by bulkId " + strconv.Quote(reference) + "."}
		}
		if j.run(k); j.states[k] == bulkReady {
			j.flush()
		}
		o := j.outcomes[k]
		if o == nil || o.failure != nil {
			return nil, &directory.Error{Kind: directory.Conflict, Code: codeInvalidValue, Message: "The resource with bulkId " + strconv.Quote(reference) + " was not created."}
		}
		ids[reference] = o.id.String()
	}
	return ids, nil
}

// flush does the batch: all of it in one transaction, or else in as many as its failures make necessary.
func (j *bulkJob) flush() {
	batch := j.batch
	j.batch = nil
	for len(batch) > 0 && !j.stopped() {
		failed, err := j.commit(batch)
		switch {
		case err == nil:
			j.succeed(batch)
			return
		case failed > 0:
			// Undone with the one that failed: do those before it by themselves, then look at that one again.
			j.batch = batch[:failed]
			j.flush()
			batch = batch[failed:]
		case failed == 0:
			j.fail(batch[0].index, err)
			batch = batch[1:]
		default:
			for _, r := range batch {
				if !j.stopped() {
					j.fail(r.index, err)
				}
			}
			return
		}
	}
}

// commit runs a batch in one transaction. When it fails it returns which operation failed, or -1 when it was none of
// them.
func (j *bulkJob) commit(batch []bulkReadied) (failed int, err error) {
	err = j.call.Engine.Do(j.call.r.Context(), j.call.push(), func(w *facts.Writer) error {
		failed = -1
		for i, r := range batch {
			if err := r.change.apply(w); err != nil {
				failed = i
				return err
			}
		}
		return nil
	})
	return failed, err
}

func (j *bulkJob) succeed(batch []bulkReadied) {
	for _, r := range batch {
		op := &j.operations[r.index]
		o := &bulkOutcome{status: http.StatusOK, id: op.id}
		switch {
		case op.Method == http.MethodPost:
			o.status = http.StatusCreated
		case op.Method == http.MethodDelete, op.groups && op.Method == http.MethodPatch:
			o.status = http.StatusNoContent
		}
		if u := r.change.user; u != nil {
			o.id, o.revision = u.ID, u.Revision
		}
		if g := r.change.group; g != nil {
			o.id, o.revision = g.ID, g.Revision
		}
		j.states[r.index], j.outcomes[r.index] = bulkDone, o
	}
}

func (j *bulkJob) fail(i int, err error) {
	f, foreign := describe(err)
	if foreign {
		c := j.call
		c.Log.Error("scim bulk operation failed", "index", i, "request_id", c.RequestID(c.r.Context()), "err", err)
	}
	if f.detail == "" {
		f.detail = "Something went wrong on the server; its log has the cause."
	}
	j.states[i] = bulkDone
	j.outcomes[i] = &bulkOutcome{status: f.status, id: j.operations[i].id, failure: &f}
	j.errors++
}

// append writes the BulkResponse: what was done, in the order of the request.
func (j *bulkJob) append(b []byte) []byte {
	b = append(b, `{"schemas":["`+urnBulk+`"],"Operations":[`...)
	some := false
	for i, o := range j.outcomes {
		if o == nil {
			continue
		}
		if some {
			b = append(b, ',')
		}
		some = true
		b = j.appendOutcome(b, &j.operations[i], o)
	}
	return append(b, `]}`...)
}

func (j *bulkJob) appendOutcome(b []byte, op *bulkOperation, o *bulkOutcome) []byte {
	b = appendString(append(b, `{"method":`...), op.Method)
	if op.BulkID != "" {
		b = appendString(append(b, `,"bulkId":`...), op.BulkID)
	}
	if !o.id.IsZero() {
		refs := j.call.line.userRefs
		if op.groups {
			refs = j.call.line.groupRefs
		}
		b = append(append(b, `,"location":"`...), refs...)
		b = append(appendID(b, o.id), '"')
	}
	if o.revision > 0 {
		b = append(b, `,"version":"`...)
		b = append(appendQuotedVersion(b, o.revision), '"')
	}
	b = append(b, `,"status":"`...)
	b = append(strconv.AppendInt(b, int64(o.status), 10), '"')
	if o.failure != nil {
		b = appendError(append(b, `,"response":`...), *o.failure)
	}
	return append(b, '}')
}
