package bolt

import (
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func (t *tx) PutJobs(jobs []*directory.Job) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, j := range jobs {
		row, err := encodeJSON("job", j)
		if err != nil {
			return err
		}
		if err := t.put(bJob, j.ID[:], row); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) ListJobs(limit int) ([]*directory.Job, error) {
	var list []*directory.Job
	for _, id := range t.list(bJob, nil, store.Page{Limit: limit}, nil) {
		j := &directory.Job{ID: id}
		if err := decodeJSON("job", t.get(bJob, id[:]), j); err != nil {
			return nil, err
		}
		list = append(list, j)
	}
	return list, nil
}

func (t *tx) DeleteJobs(ids []directory.ID) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, id := range ids {
		if _, err := t.del(bJob, id[:]); err != nil {
			return err
		}
	}
	return nil
}
