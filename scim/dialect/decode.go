package dialect

// Decode reads a stored resource (directory.User.Body, directory.Group.Body) as the maps that patch.Apply and
// filter.Match work on: maps, arrays, strings, booleans and json.Number. An empty body is an empty resource.
func Decode(body []byte) (map[string]any, error) {
	if len(body) == 0 {
		return map[string]any{}, nil
	}
	r := readerOf(body)
	v, err := r.tree()
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	attributes, ok := v.(map[string]any)
	if !ok {
		return nil, syntaxError("The resource must be an object.")
	}
	return attributes, nil
}

// tree reads any value, with objects as maps.
func (r *reader) tree() (any, error) {
	c, err := r.next("a value")
	if err != nil {
		return nil, err
	}
	switch c {
	case '{':
		m := make(map[string]any, 8)
		return m, r.object(func(key string) error {
			v, err := r.tree()
			m[key] = v
			return err
		})
	case '[':
		a := make([]any, 0, 2)
		err := r.array(func() error {
			v, err := r.tree()
			a = append(a, v)
			return err
		})
		return a, err
	}
	return r.value()
}
