package workflow

// Action is the action of a task as written, an expression perhaps; "" for a task without one and for
// the engine's commands.
func (n *Node) Action() string {
	ref, _ := n.task.action.value.(string)
	return ref
}

// Items are the names of an item's parts and the list that a task is repeated over, as written; the
// list is "" for a task that is not.
func (n *Node) Items() (names []string, list string) {
	if n.task.with == nil {
		return nil, ""
	}
	list, _ = n.task.with.list.value.(string)
	return n.task.with.names, list
}

// Start reports whether the workflow starts with the task.
func (g *Graph) Start(n *Node) bool {
	for _, root := range g.roots {
		if root == n {
			return true
		}
	}
	return false
}
