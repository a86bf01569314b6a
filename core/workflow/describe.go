package workflow

// Action is the action of a task as written, an expression perhaps; "" for a task without one and for
// the engine's commands.
func (n *Node) Action() string {
	ref, _ := n.task.action.value.(string)
	return ref
}

// Items is the list that a task is repeated over as written, "" for a task that is not.
func (n *Node) Items() string {
	if n.task.with == nil {
		return ""
	}
	list, _ := n.task.with.list.value.(string)
	return list
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
