/* A pack with one action: it greets, counts in the datastore whom it greeted, and fetches a
 * page. See README.md for how it is built. */
#include "petrel.h"

const char petrel_pack[] =
    "{\"version\":1,\"name\":\"hello_c\",\"sdk\":\"c 1\",\"actions\":[{\"name\":\"greet\","
    "\"description\":\"Greets somebody, counts the greetings and fetches a page.\",\"parameters\":{"
    "\"name\":{\"type\":\"string\",\"required\":true,\"description\":\"Whom to greet\"},"
    "\"url\":{\"type\":\"string\",\"required\":true,\"description\":\"What to fetch\"}}}]}";

static int failed(petrel_call *c, petrel_text error) {
    if (error.len) c->failed = error;
    return error.len != 0;
}

void petrel_action(petrel_call *c) {
    petrel_text name = petrel_string(petrel_find(c->params, "name")), error;
    long long count = petrel_number(petrel_kv("get", "greetings", petrel_literal(""), &error)) + 1;
    if (failed(c, error)) return;
    petrel_out digits = {0, 0, 0};
    petrel_put_number(&digits, count);
    petrel_kv("set", "greetings", petrel_written(digits), &error);
    if (failed(c, error)) return;

    petrel_response page = petrel_http_get(petrel_string(petrel_find(c->params, "url")));
    if (failed(c, page.error)) return;
    if (page.status != 200) {
        petrel_fail(c, "failed", petrel_literal("the page is not there"));
        return;
    }
    petrel_log("info", petrel_literal("greeted"));

    petrel_out greeting = {0, 0, 0};
    petrel_put_literal(&greeting, "Hello, ");
    petrel_put(&greeting, name);
    petrel_put_literal(&greeting, "!");
    petrel_put_literal(&c->out, "{\"greeting\":");
    petrel_put_string(&c->out, petrel_written(greeting));
    petrel_put_literal(&c->out, ",\"count\":");
    petrel_put_number(&c->out, count);
    petrel_put_literal(&c->out, ",\"page\":");
    petrel_put_string(&c->out, page.body);
    petrel_put_literal(&c->out, "}");
}
