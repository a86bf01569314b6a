package cli

import (
	"context"

	"github.com/petrelhq/petrel/sdk/client"
)

// mostPast is how many children that have ended are told of with what they wrote.
const mostPast = 200

// catchUp tells of the children that began before we came. What those that still run have
// written until now is not shown.
//
// st2 differs: StackStorm's client does not know these, and misses all they write.
func (t *tail) catchUp(ctx context.Context, root client.Execution) error {
	if list, _ := root.Raw["children"].([]any); len(list) == 0 {
		return nil
	}
	children, err := t.session.children(ctx, t.root, -1, true)
	if err != nil {
		return err
	}
	ended := 0
	for _, o := range children {
		e := client.ExecutionOf(o)
		if !e.Completed() {
			t.seeChild(e)
			continue
		}
		t.children[e.ID], t.over[e.ID] = e.Status, true
		if ended++; ended > mostPast {
			continue
		}
		if err := t.pastChild(ctx, e); err != nil {
			return err
		}
	}
	if ended > mostPast {
		t.printf("\n%d more children have finished; to see them: %s execution get %s\n", ended-mostPast, t.prog, t.root)
	}
	return nil
}

func (t *tail) pastChild(ctx context.Context, e client.Execution) error {
	task, _, _, _ := placeOf(e)
	t.printf("Child execution (task=%s) %s has started.\n\n", task, e.ID)
	if !isWorkflow(e.Raw) {
		text, err := t.api.Output(ctx, e.ID, t.kind)
		if err != nil {
			return err
		}
		t.printf("%s", text)
	}
	t.printf("\nChild execution (task=%s) %s has finished (status=%s).\n", task, e.ID, e.Status)
	return nil
}

func (t *tail) seeChild(e client.Execution) {
	parent := e.Context.String("parent.execution_id")
	_, ours := t.children[parent]
	if !ours && parent != t.root {
		return
	}
	task, _, _, _ := placeOf(e)
	told := t.children[e.ID]
	t.children[e.ID] = e.Status
	switch {
	case e.Status == told:
	case e.Status == "running":
		t.printf("Child execution (task=%s) %s has started.\n\n", task, e.ID)
	case e.Completed():
		t.printf("\nChild execution (task=%s) %s has finished (status=%s).\n", task, e.ID, e.Status)
	}
}
