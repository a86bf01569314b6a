package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/sdk/client"
)

var inquiryResource = resource{
	name: "Inquiry", plural: "inquiries", path: "/inquiries", key: "id",
	columns: []string{"id", "roles", "users", "route", "ttl"},
	details: []string{"id", "roles", "users", "route", "ttl", "schema"},
	limited: true, whole: true, reversed: true,
}

func (a *app) inquiries() *cobra.Command {
	r := inquiryResource
	return a.group("inquiry", "What waits for a person's answer: list, show and answer inquiries",
		a.list(r), a.get(r), a.inquiryRespond(r))
}

func (a *app) inquiryRespond(r resource) *cobra.Command {
	var response string
	return a.command(verb{
		name: "respond", short: "Answer an inquiry", args: "id",
		long: "Answers an inquiry with a JSON object. Without -r it asks for the values, one by one.",
		flags: func(f *pflag.FlagSet) {
			f.StringVarP(&response, "response", "r", "", `the answer, such as '{"continue": true}'`)
		},
		do: func(ctx context.Context, s *session, args []string) error {
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			// st2 differs: why an inquiry takes no answer is said, not that it does not exist.
			asked, err := r.find(ctx, c, args[0])
			if err != nil {
				return err
			}
			answer, err := s.responseTo(asked, response)
			if err != nil {
				return err
			}
			if _, err := c.Put(ctx, client.Path(r.path, asked.ID()), client.Object{"id": asked.ID(), "response": answer}); err != nil {
				return err
			}
			s.printf("\nResponse accepted for inquiry %s.\n", asked.ID())
			return nil
		},
	})
}

// responseTo reads a response that was given, or asks for one.
func (s *session) responseTo(asked client.Object, given string) (client.Object, error) {
	if given == "" {
		return s.askFor(asked.Object("schema"))
	}
	v, err := readJSONText(given)
	if err != nil {
		return nil, fmt.Errorf("the response is no JSON: %w", err)
	}
	answer, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the response needs to be a JSON object, not %s", kindOf(v))
	}
	return answer, nil
}
