package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// floor keeps what it is sent in memory, as the bytes that it answers, in the shape of SCIM and without looking at any
// of it.
type floor struct {
	mu    sync.RWMutex
	users map[string][]byte // by id
	keys  map[string]string // userName or externalId → id
	order []string
}

// serveFloor serves until the context ends.
func serveFloor(ctx context.Context, address string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	f := &floor{users: map[string][]byte{}, keys: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /Users", f.search)
	mux.HandleFunc("POST /Users", f.create)
	mux.HandleFunc("GET /Users/{id}", f.get)
	mux.HandleFunc("PUT /Users/{id}", f.change)
	mux.HandleFunc("PATCH /Users/{id}", f.change)
	mux.HandleFunc("POST /Groups", f.create)
	mux.HandleFunc("PATCH /Groups/{id}", f.changeGroup)
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	closed := make(chan error, 1)
	defer context.AfterFunc(ctx, func() { closed <- s.Close() })()
	if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-closed
}

func (f *floor) search(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var page [][]byte
	f.mu.RLock()
	if value := strings.Split(query.Get("filter"), `"`); len(value) == 3 {
		if id, ok := f.keys[value[1]]; ok {
			page = append(page, f.users[id])
		}
	} else {
		start, _ := strconv.Atoi(query.Get("startIndex"))
		count, _ := strconv.Atoi(query.Get("count"))
		for i := max(start-1, 0); i < len(f.order) && len(page) < count; i++ {
			page = append(page, f.users[f.order[i]])
		}
	}
	f.mu.RUnlock()
	text := fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"startIndex":1,"itemsPerPage":%d,"Resources":[`, len(page), len(page))
	text = append(text, bytes.Join(page, []byte{','})...)
	answer(w, http.StatusOK, append(text, "]}"...))
}

func (f *floor) create(w http.ResponseWriter, r *http.Request) {
	body, ok := decode(w, r)
	if !ok {
		return
	}
	f.mu.Lock()
	id := fmt.Sprintf("00000000-0000-7000-8000-%012d", len(f.users)+1)
	body["id"] = id
	text, err := json.Marshal(body)
	f.users[id] = text
	if name, ok := body["userName"].(string); ok {
		f.keys[name] = id
		f.order = append(f.order, id)
	}
	if external, ok := body["externalId"].(string); ok {
		f.keys[external] = id
	}
	f.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusCreated, text)
}

func (f *floor) get(w http.ResponseWriter, r *http.Request) {
	f.mu.RLock()
	text := f.users[r.PathValue("id")]
	f.mu.RUnlock()
	answer(w, http.StatusOK, text)
}

func (f *floor) change(w http.ResponseWriter, r *http.Request) {
	if _, ok := decode(w, r); ok {
		f.get(w, r)
	}
}

func (f *floor) changeGroup(w http.ResponseWriter, r *http.Request) {
	if _, ok := decode(w, r); ok {
		w.WriteHeader(http.StatusNoContent)
	}
}

func decode(w http.ResponseWriter, r *http.Request) (map[string]any, bool) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return nil, false
	}
	return body, true
}

func answer(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(status)
	if _, err := w.Write(text); err != nil {
		return // the client has gone, and with it the measurement
	}
}
