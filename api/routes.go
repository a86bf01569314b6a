package api

import (
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
)

// route is a line of the route table.
type route struct {
	method     string
	path       string // in the form that canonical gives
	permission string // of whoever asks; anyone: nobody is asked who they are
	handle     func(c *call) error
	limit      int // bytes of the body; 0: the server's
}

// anyone is the permission of routes that need no credentials.
const anyone = ""

const (
	get    = fiber.MethodGet
	post   = fiber.MethodPost
	put    = fiber.MethodPut
	remove = fiber.MethodDelete

	small = 64 << 10 // bytes, for bodies that have no reason to be large
)

// routes is the one route table. Every path is also served below /api/v1, /api and /v1;
// /tokens also below /auth/v1 and /auth, /stream also as /stream/v1/stream.
// st2: rest-api reference, route table.
func routes() []route {
	return slices.Concat(eventRoutes(), accessRoutes(), executionRoutes(), contentRoutes(), packRoutes())
}

// eventRoutes come first: the webhook is the path that has to be fast.
func eventRoutes() []route {
	return []route{
		{post, "/webhooks/st2", "webhook_send", (*call).postGenericWebhook, 0},
		{post, "/webhooks/*", "webhook_send", (*call).postWebhook, 0},
		{get, "/webhooks", "webhook_list", (*call).listWebhooks, 0},
		{get, "/webhooks/*", "webhook_view", (*call).getWebhook, 0},

		{get, "/stream", "stream_view", (*call).getStream, 0},
		{get, "/stream/executions/:id/output", "execution_view", (*call).getOutputStream, 0},

		{get, "/triggerinstances", "trigger_instance_list", (*call).listInstances, 0},
		{get, "/triggerinstances/:id", "trigger_instance_view", (*call).getInstance, 0},
		{post, "/triggerinstances/:id/re_emit", "trigger_instance_re_emit", (*call).postReEmit, small},
	}
}

func accessRoutes() []route {
	return []route{
		{get, "/healthz", anyone, (*call).getHealth, 0},
		{get, "/readyz", anyone, (*call).getReady, 0},
		{get, "/", "version_view", (*call).getVersion, 0},
		{get, "/adrift", "system_adrift", (*call).getAdrift, 0},
		{post, "/backup", "system_backup", (*call).postBackup, small},
		{get, "/user", "user_view", (*call).getUser, 0},
		{post, "/tokens", anyone, (*call).postToken, small},
		{post, "/tokens/validate", "token_validate", (*call).postTokenValidate, small},

		{get, "/apikeys", "api_key_list", (*call).listAPIKeys, 0},
		{post, "/apikeys", "api_key_create", (*call).postAPIKey, small},
		{get, "/apikeys/:id", "api_key_view", (*call).getAPIKey, 0},
		{put, "/apikeys/:id", "api_key_modify", (*call).putAPIKey, small},
		{remove, "/apikeys/:id", "api_key_delete", (*call).deleteAPIKey, 0},
	}
}

func executionRoutes() []route {
	return []route{
		{get, "/executions", "execution_list", (*call).listExecutions, 0},
		{post, "/executions", "action_execute", (*call).postExecution, 0},
		{get, "/executions/views/filters", "execution_views_filters_list", (*call).listExecutionFilters, 0},
		{get, "/executions/:id", "execution_view", (*call).getExecution, 0},
		{put, "/executions/:id", "execution_modify", (*call).putExecution, 0},
		{remove, "/executions/:id", "execution_stop", (*call).deleteExecution, 0},
		{get, "/executions/:id/output", "execution_view", (*call).getExecutionOutput, 0},
		{post, "/executions/:id/re_run", "execution_re_run", (*call).postReRun, 0},
		{get, "/executions/:id/attribute/:attribute", "execution_view", (*call).getExecutionAttribute, 0},
		{get, "/executions/:id/children", "execution_view", (*call).listExecutionChildren, 0},
		{get, "/executions/:id/result", "execution_view", (*call).getExecutionResult, 0},

		{get, "/inquiries", "inquiry_list", (*call).listInquiries, 0},
		{get, "/inquiries/:id", "inquiry_view", (*call).getInquiry, 0},
		{put, "/inquiries/:id", "inquiry_respond", (*call).putInquiry, 0},

		{get, "/ruleenforcements", "rule_enforcement_list", (*call).listEnforcements, 0},
		{get, "/ruleenforcements/views", "rule_enforcement_list", (*call).listEnforcementViews, 0},
		{get, "/ruleenforcements/views/:id", "rule_enforcement_view", (*call).getEnforcementView, 0},
		{get, "/ruleenforcements/:id", "rule_enforcement_view", (*call).getEnforcement, 0},
	}
}

func contentRoutes() []route {
	return []route{
		{get, "/actions", "action_list", (*call).listActions, 0},
		{post, "/actions", "action_create", (*call).postAction, 0},
		{get, "/actions/views/parameters/:ref", "action_view", (*call).getActionParameters, 0},
		{get, "/actions/views/overview", "action_list", (*call).listActionOverviews, 0},
		{get, "/actions/views/overview/:ref", "action_view", (*call).getActionOverview, 0},
		{get, "/actions/views/entry_point/:ref", "action_view", (*call).getActionEntryPoint, 0},
		{get, "/actions/:ref", "action_view", (*call).getAction, 0},
		{put, "/actions/:ref", "action_modify", (*call).putAction, 0},
		{remove, "/actions/:ref", "action_delete", (*call).deleteAction, small},
		{post, "/actions/:ref/clone", "action_clone", (*call).postActionClone, small},

		{get, "/runnertypes", "runner_type_list", (*call).listRunners, 0},
		{get, "/runnertypes/:name", "runner_type_view", (*call).getRunner, 0},
		{put, "/runnertypes/:name", "runner_type_modify", (*call).putRunner, 0},

		{get, "/sensortypes", "sensor_type_list", (*call).listSensors, 0},
		{get, "/sensortypes/:ref", "sensor_type_view", (*call).getSensor, 0},
		{put, "/sensortypes/:ref", "sensor_type_modify", (*call).putSensor, 0},

		{get, "/triggertypes", "trigger_list", (*call).listTriggerTypes, 0},
		{post, "/triggertypes", "trigger_create", (*call).postTriggerType, 0},
		{get, "/triggertypes/:ref", "trigger_view", (*call).getTriggerType, 0},
		{put, "/triggertypes/:ref", "trigger_modify", (*call).putTriggerType, 0},
		{remove, "/triggertypes/:ref", "trigger_delete", (*call).deleteTriggerType, 0},

		{get, "/triggers", "trigger_list", (*call).listTriggers, 0},
		{post, "/triggers", "trigger_create", (*call).postTrigger, 0},
		{get, "/triggers/:id", "trigger_view", (*call).getTrigger, 0},
		{put, "/triggers/:id", "trigger_modify", (*call).putTrigger, 0},
		{remove, "/triggers/:id", "trigger_delete", (*call).deleteTrigger, 0},

		{get, "/timers", "timer_list", (*call).listTimers, 0},
		{get, "/timers/:ref", "timer_view", (*call).getTimer, 0},

		{get, "/rules", "rule_list", (*call).listRules, 0},
		{post, "/rules", "rule_create", (*call).postRule, 0},
		{get, "/rules/views", "rule_list", (*call).listRuleViews, 0},
		{get, "/rules/views/:ref", "rule_view", (*call).getRuleView, 0},
		{get, "/rules/:ref", "rule_view", (*call).getRule, 0},
		{put, "/rules/:ref", "rule_modify", (*call).putRule, 0},
		{remove, "/rules/:ref", "rule_delete", (*call).deleteRule, 0},

		{get, "/ruletypes", "rule_type_list", (*call).listRuleTypes, 0},
		{get, "/ruletypes/:id", "rule_type_view", (*call).getRuleType, 0},

		{get, "/policytypes", "policy_type_list", (*call).listPolicyTypes, 0},
		{get, "/policytypes/:ref", "policy_type_view", (*call).getPolicyType, 0},

		{get, "/policies", "policy_list", (*call).listPolicies, 0},
		{post, "/policies", "policy_create", (*call).postPolicy, 0},
		{get, "/policies/:ref", "policy_view", (*call).getPolicy, 0},
		{put, "/policies/:ref", "policy_modify", (*call).putPolicy, 0},
		{remove, "/policies/:ref", "policy_delete", (*call).deletePolicy, 0},

		{get, "/keys", "key_value_pair_list", (*call).listKeys, 0},
		{get, "/keys/*", "key_value_pair_view", (*call).getKey, 0},
		{put, "/keys/*", "key_value_pair_set", (*call).putKey, 0},
		{remove, "/keys/*", "key_value_pair_delete", (*call).deleteKey, 0},
	}
}

// packRoutes leave /packs/install, uninstall and register to what StackStorm means by them.
func packRoutes() []route {
	return []route{
		{get, "/packs", "pack_list", (*call).listPacks, 0},
		{post, "/packs/stage", "pack_install", (*call).postPackStage, 0},
		{put, "/packs/stage/:digest/:part", "pack_install", (*call).putPackPart, 0},
		{post, "/packs/stage/:digest/install", "pack_install", (*call).postPackInstall, small},
		{post, "/packs/index/search", "pack_search", (*call).postPackSearch, small},
		{get, "/packs/:ref", "pack_view", (*call).getPack, 0},
		{remove, "/packs/:ref", "pack_uninstall", (*call).deletePack, small},
		{post, "/packs/:ref/rollback", "pack_install", (*call).postPackRollback, small},
		{get, "/packs/:ref/permissions", "pack_view", (*call).getPackPermissions, 0},

		{get, "/configs", "config_list", (*call).listConfigs, 0},
		{get, "/configs/:pack", "config_view", (*call).getConfig, 0},
		{put, "/configs/:pack", "pack_config", (*call).putConfig, 0},
		{get, "/config_schemas", "config_schema_list", (*call).listConfigSchemas, 0},
		{get, "/config_schemas/:pack", "config_schema_view", (*call).getConfigSchema, 0},
	}
}

// register gives the route table to Fiber.
func (s *Server) register() {
	s.app.Use(s.first)
	for _, r := range routes() {
		if r.method == get {
			s.app.Get(r.path, s.serve(r)) // and HEAD
			continue
		}
		s.app.Add(r.method, r.path, s.serve(r))
	}
	if s.Metrics != nil {
		s.app.Get("/metrics", adaptor.HTTPHandler(s.Metrics))
	}
}
