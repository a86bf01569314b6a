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
	var within []client.Execution // workflows that have ended and whose children are being told of
	leave := func(id string) {
		for len(within) > 0 && within[len(within)-1].ID != id {
			t.finished(within[len(within)-1])
			within = within[:len(within)-1]
		}
	}
	ended := 0
	for _, o := range children {
		e := client.ExecutionOf(o)
		leave(e.Parent)
		if !e.Completed() {
			t.seeChild(e)
			continue
		}
		t.children[e.ID], t.over[e.ID] = e.Status, true
		if ended++; ended > mostPast {
			continue
		}
		t.begun(e)
		if isWorkflow(o) {
			within = append(within, e)
			continue
		}
		text, err := t.api.Output(ctx, e.ID, t.kind)
		if err != nil {
			return err
		}
		t.printf("%s", text)
		t.finished(e)
	}
	leave("")
	if ended > mostPast {
		t.printf("\n%d more children have finished; to see them: %s execution get %s\n", ended-mostPast, t.prog, t.root)
	}
	return nil
}

func (t *tail) seeChild(e client.Execution) {
	parent := e.Context.String("parent.execution_id")
	_, ours := t.children[parent]
	if !ours && parent != t.root {
		return
	}
	told := t.children[e.ID]
	t.children[e.ID] = e.Status
	switch {
	case e.Status == told:
	case e.Status == "running":
		t.begun(e)
	case e.Completed():
		t.finished(e)
	}
}

func (t *tail) begun(e client.Execution) {
	task, _, _, _ := placeOf(e)
	t.printf("Child execution (task=%s) %s has started.\n\n", task, e.ID)
}

func (t *tail) finished(e client.Execution) {
	task, _, _, _ := placeOf(e)
	t.printf("\nChild execution (task=%s) %s has finished (status=%s).\n", task, e.ID, e.Status)
}
