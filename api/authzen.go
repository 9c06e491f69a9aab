package api

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// AuthZEN's paths (Authorization API 1.0, sections 9 and 10).
const (
	AccessPrefix = "/access/v1"
	MetadataPath = "/.well-known/authzen-configuration"
)

// maxEvaluations is how many questions one request may ask.
const maxEvaluations = 1000

// AccessHandler answers applications that ask what a member may do, by AuthZEN's Authorization API 1.0, at AccessPrefix
// and MetadataPath. The public address is that of this server, without a slash at its end. A caller needs an API token
// with the scope access:read; one without an organization names it in context.organization.
func (s *Server) AccessHandler(publicURL string) http.Handler {
	mux := http.NewServeMux()
	for path, fn := range map[string]func(context.Context, []byte) (any, error){
		"/evaluation": s.evaluation, "/evaluations": s.evaluations,
		"/search/subject": s.searchSubject, "/search/resource": s.searchResource, "/search/action": s.searchAction,
	} {
		mux.Handle("POST "+AccessPrefix+path, s.accessRoute(fn))
	}
	mux.Handle("GET "+MetadataPath, httpx.Handler(func(w http.ResponseWriter, _ *http.Request) error {
		writeJSON(w, metadata(publicURL))
		return nil
	}).With(s.renderAccess))
	mux.Handle("/", httpx.Handler(func(w http.ResponseWriter, r *http.Request) error { return noRoute(mux, w, r) }).With(s.renderAccess))

	const often = AccessPrefix + "/evaluation" // what applications ask all day is not looked up
	evaluation := s.accessRoute(s.evaluation)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != often {
			mux.ServeHTTP(w, r)
			return
		}
		r.Pattern = "POST " + often
		evaluation.ServeHTTP(w, r)
	})
}

// metadata describes this policy decision point.
func metadata(publicURL string) map[string]any {
	at := publicURL + AccessPrefix
	return map[string]any{
		"policy_decision_point":       publicURL,
		"access_evaluation_endpoint":  at + "/evaluation",
		"access_evaluations_endpoint": at + "/evaluations",
		"search_subject_endpoint":     at + "/search/subject",
		"search_resource_endpoint":    at + "/search/resource",
		"search_action_endpoint":      at + "/search/action",
	}
}

// accessRoute authenticates the caller, reads the body, and answers.
func (s *Server) accessRoute(fn func(context.Context, []byte) (any, error)) http.Handler {
	return httpx.Handler(func(w http.ResponseWriter, r *http.Request) error {
		echoRequestID(w, r)
		caller, err := s.bearer(r)
		if err != nil {
			return err
		}
		if !caller.May(ScopeAccessRead) {
			return directory.Errorf(directory.Forbidden, "This token lacks the scope %s.", ScopeAccessRead)
		}
		if !isJSON(r.Header.Get("Content-Type")) {
			return invalid("Content-Type", "Send the question as application/json.")
		}
		body, err := wholeBody(w, r, maxBody)
		if err != nil {
			return err
		}
		out, err := fn(withCaller(r.Context(), caller), body)
		if err != nil {
			return err
		}
		if d, one := out.(*authDecision); one {
			writeDecision(w, d)
		} else {
			writeJSON(w, out)
		}
		return nil
	}).With(s.renderAccess)
}

func isJSON(contentType string) bool {
	const plain = "application/json"
	if contentType == plain {
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == plain
}

// echoRequestID gives a caller back the id that it gave to its request (section 10.1.6).
func echoRequestID(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get(httpx.HeaderRequestID)
	strange := strings.ContainsFunc(id, func(c rune) bool { return c < ' ' || c > '~' })
	if id != "" && len(id) <= 200 && !strange {
		w.Header().Set(httpx.HeaderRequestID, id)
	}
}

// accessStatus is the table of this transport: that of REST, but for a question that makes no sense, which AuthZEN
// answers with 400 (section 10.1.5).
func accessStatus(kind directory.Kind) int {
	if kind == directory.Invalid {
		return http.StatusBadRequest
	}
	return status(kind)
}

// renderAccess answers with an error as a problem.
func (s *Server) renderAccess(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(r.Context(), err)
	if p.Status == status(directory.Invalid) {
		p.Status = accessStatus(directory.Invalid)
		p.Title = http.StatusText(p.Status)
	}
	s.Render(w, r, p)
}

// authEntity is a subject or a resource.
type authEntity struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Properties map[string]any `json:"properties,omitempty"`
}

type authAction struct {
	Name string `json:"name"`
}

// authQuestion is a question as AuthZEN writes it. What it does not know it passes over.
type authQuestion struct {
	Subject  *authEntity    `json:"subject"`
	Action   *authAction    `json:"action"`
	Resource *authEntity    `json:"resource"`
	Context  map[string]any `json:"context"`
}

// authDecision is the answer to one question.
type authDecision struct {
	Decision bool         `json:"decision"`
	Context  *authContext `json:"context,omitempty"`
}

// authContext says why, and to what a yes is limited.
type authContext struct {
	Reason   string          `json:"reason,omitempty"`
	Source   *access.Source  `json:"source,omitempty"`
	Also     []access.Source `json:"also,omitempty"`
	Rule     string          `json:"rule,omitempty"` // of the mapping, by which the person has the source
	RuleAt   string          `json:"rule_at,omitempty"`
	Until    *time.Time      `json:"until,omitempty"`
	Data     []string        `json:"data,omitempty"`
	Limit    int64           `json:"limit,omitempty"`
	Approval bool            `json:"approval,omitempty"`
	Error    *authError      `json:"error,omitempty"`
}

type authError struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
}

func decide(a access.Answer) authDecision {
	c := &authContext{Reason: a.Why, Also: a.Also, Until: instant(a.Until), Data: a.Data, Limit: a.Limit, Approval: a.Approval}
	if source := a.Source; source != (access.Source{}) {
		c.Source = &source
	}
	if a.Given != nil {
		c.Rule, c.RuleAt = a.Given.Rule, a.Given.At
	}
	return authDecision{Decision: a.Allowed, Context: c}
}

// complete says what a question lacks.
func (q *authQuestion) complete() error {
	switch {
	case q.Subject == nil || q.Subject.Type == "" || q.Subject.ID == "":
		return invalid("subject", "The question needs a subject with type and id.")
	case q.Action == nil || q.Action.Name == "":
		return invalid("action", "The question needs an action with a name.")
	case q.Resource == nil || q.Resource.Type == "" || q.Resource.ID == "":
		return invalid("resource", "The question needs a resource with type and id.")
	}
	return nil
}

// subjectUser is the one type of subject that there is.
const subjectUser = "user"

// accessView is a snapshot in which questions are answered.
type accessView struct {
	engine *provision.Engine
	recall *recall
	tx     store.Tx
	org    directory.OrgNum
	policy *access.Policy
	now    time.Time

	asked string // the subject met last, as questions asked at once are mostly about one
	met   *directory.Member
}

// answering runs fn on a snapshot of the caller's organization.
func (s *Server) answering(ctx context.Context, context map[string]any, fn func(*accessView) error) error {
	return s.Store.View(ctx, func(tx store.Tx) error {
		org, err := askedOrganization(ctx, tx, context)
		if err != nil {
			return err
		}
		policy, err := s.recall.policy(tx, org, func() (*access.Policy, error) { return s.Engine.Access(tx, org) })
		if err != nil {
			return err
		}
		return fn(&accessView{engine: s.Engine, recall: &s.recall, tx: tx, org: org, policy: policy, now: s.Now()})
	})
}

// remembered returns a view that needs no transaction, where all that it takes to answer for a subject was read already from
// the state in which the store is now; nil for most.
func (s *Server) remembered(org directory.OrgNum, subject *authEntity) *accessView {
	now := s.Store.Snapshot()
	policy, known := kept(&s.recall, now, s.recall.ofPolicies, org)
	if !known || subject.Type != subjectUser {
		return nil
	}
	m, known := kept(&s.recall, now, s.recall.ofMembers, askedAbout{org, subject.ID})
	if !known || m == nil || m.Permitted { // what was given by hand is read each time
		return nil
	}
	return &accessView{policy: policy, org: org, now: s.Now(), asked: subject.ID, met: m}
}

// askedOrganization is the one of the token, else the one that the context names, else the only one there is.
func askedOrganization(ctx context.Context, tx store.Tx, context map[string]any) (directory.OrgNum, error) {
	if org := callerOf(ctx).Org; org != 0 {
		return org, nil
	}
	n, err := readNames(tx)
	if err != nil {
		return 0, err
	}
	if name, ok := context["organization"].(string); ok {
		return n.organization(ctx, name)
	}
	if len(n.orgs) == 1 {
		for _, org := range n.orgs {
			return org, nil
		}
	}
	return 0, invalid("context.organization", "This token is for every organization; say which in context.organization.")
}

// member returns whom a subject means, nil for nobody, with the reason.
func (v *accessView) member(subject *authEntity) (*directory.Member, string, error) {
	if subject.Type != subjectUser {
		return nil, fmt.Sprintf("there are no subjects of the type %q; people are of the type user", subject.Type), nil
	}
	if v.met != nil && v.asked == subject.ID {
		return v.met, "", nil
	}
	m, err := v.recall.member(v.tx, v.org, subject.ID, func() (*directory.Member, error) { return v.find(subject.ID) })
	if kind := directory.KindOf(err); err != nil && (kind == directory.NotFound || kind == directory.Conflict) {
		return nil, "the subject means nobody, or several people, in this organization", nil
	}
	if err != nil {
		return nil, "", err
	}
	v.asked, v.met = subject.ID, m
	return m, "", nil
}

// find returns the member of an id or address at once where only one can be meant, and else looks everywhere.
func (v *accessView) find(ref string) (*directory.Member, error) {
	ids := make([]directory.ID, 1, 2)
	var byID bool
	if ids[0], byID = directory.ParseID(ref); !byID {
		var err error
		if ids, err = v.tx.FindMembers(v.org, directory.Key{Attribute: directory.AttrEmail, Value: directory.FoldAddress(ref)}, directory.NoID, 2); err != nil {
			return nil, err
		}
	}
	if len(ids) == 1 {
		rows, err := v.tx.Members(v.org, ids)
		if err != nil {
			return nil, err
		}
		if m := rows[0]; m != nil && m.Merged.IsZero() {
			return m, nil
		}
	}
	n, err := readNames(v.tx)
	if err != nil {
		return nil, err
	}
	return findMember(v.tx, n, v.org, ref)
}

// decide answers one complete question.
func (v *accessView) decide(q *authQuestion) (authDecision, error) {
	resource, err := access.ResourceOf(q.Resource.Type, q.Resource.ID, q.Resource.Properties)
	if err != nil {
		return authDecision{}, err
	}
	m, nobody, err := v.member(q.Subject)
	if err != nil {
		return authDecision{}, err
	}
	if m == nil {
		return authDecision{Context: &authContext{Reason: nobody}}, nil
	}
	given, err := v.given(m)
	if err != nil {
		return authDecision{}, err
	}
	return decide(v.policy.Can(m, access.Question{Action: q.Action.Name, Resource: resource}, v.now, given...)), nil
}

// given returns what was given to a member by hand.
func (v *accessView) given(m *directory.Member) ([]*directory.Grant, error) {
	if !m.Permitted {
		return nil, nil
	}
	rows, err := v.engine.Permissions(v.tx, v.org, m)
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// evaluation answers one question (section 6).
func (s *Server) evaluation(ctx context.Context, body []byte) (any, error) {
	q, err := readOne(body)
	if err != nil {
		return nil, err
	}
	return s.evaluate(ctx, q)
}

func (s *Server) evaluate(ctx context.Context, q *authQuestion) (any, error) {
	if err := q.complete(); err != nil {
		return nil, err
	}
	if v := s.remembered(callerOf(ctx).Org, q.Subject); v != nil {
		d, err := v.decide(q)
		return &d, err
	}
	var d authDecision
	err := s.answering(ctx, q.Context, func(v *accessView) (err error) {
		d, err = v.decide(q)
		return err
	})
	return &d, err
}
