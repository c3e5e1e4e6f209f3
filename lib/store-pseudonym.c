/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in store-pseudonym.h.  What it hands back about a user
 * who was named in the question bears that name; about others their pseudonym.
 */
#include "store-pseudonym.h"

#include <stdlib.h>
#include <string.h>

#include "exemption.h"
#include "pool.h"
#include "pseudonym.h"

struct hidden {
	struct gp_store store;
	struct gp_store *behind;
	struct gp_pseudonyms *pseudonyms;
	struct gp_exemption_list exemptions; /* of the last question */
	char *login;                    /* in them; ours */
};

static const char *user_of(const struct gp_store *store, const char *user,
			   char buffer[GP_PSEUDONYM_BYTES])
{
	return gp_pseudonym(((const struct hidden *)store)->pseudonyms,
			    GP_PSEUDONYM_USER, user, buffer);
}

static struct gp_store *behind(const struct gp_store *store)
{
	return ((const struct hidden *)store)->behind;
}

static int hidden_poll(struct gp_store *store, const struct gp_poll_query *query,
		       int64_t now_msecs, struct gp_poll_history *history_r,
		       struct gp_error *err)
{
	char user[GP_PSEUDONYM_BYTES], program[GP_PROGRAM_BYTES];
	struct gp_poll_query other = *query;

	other.user = user_of(store, query->user, user);
	other.program = gp_pseudonym_program(
		((const struct hidden *)store)->pseudonyms, query->program, program);
	return behind(store)->ops->poll(behind(store), &other, now_msecs, history_r,
					err);
}

static int hidden_submit(struct gp_store *store,
			 const struct gp_submit_query *query, int64_t now_msecs,
			 struct gp_submit_history *history_r, struct gp_error *err)
{
	char user[GP_PSEUDONYM_BYTES];
	struct gp_submit_query other = *query;

	other.user = user_of(store, query->user, user);
	return behind(store)->ops->submit(behind(store), &other, now_msecs,
					  history_r, err);
}

static int hidden_submit_all(struct gp_store *store,
			     const struct gp_submit_query *const *queries,
			     int count, int64_t now_msecs,
			     struct gp_submit_history *histories_r,
			     struct gp_error *err)
{
	struct other {
		struct gp_submit_query query;
		char user[GP_PSEUDONYM_BYTES];
	} *others = gp_alloc((size_t)count * sizeof(*others));
	const struct gp_submit_query **list =
		gp_alloc((size_t)count * sizeof(const struct gp_submit_query *));
	int result;

	for (int i = 0; i < count; i++) {
		others[i].query = *queries[i];
		others[i].query.user = user_of(store, queries[i]->user,
					       others[i].user);
		list[i] = &others[i].query;
	}
	result = behind(store)->ops->submit_all(behind(store), list, count,
						now_msecs, histories_r, err);
	free(list);
	free(others);
	return result;
}

/* --- reviews --- */

struct review {
	const struct gp_store_visitors *visitors;
	const char *user;               /* as in the question; NULL: all */
};

static void visit_program(void *context, const struct gp_poll_record *record)
{
	const struct review *review = context;
	struct gp_poll_record other = *record;

	if (review->user != NULL)
		other.user = review->user;
	review->visitors->program(review->visitors->context, &other);
}

static void visit_sender(void *context, const struct gp_sender_record *record)
{
	const struct review *review = context;
	struct gp_sender_record other = *record;

	if (review->user != NULL)
		other.user = review->user;
	review->visitors->sender(review->visitors->context, &other);
}

static int hidden_list(struct gp_store *store, const char *user,
		       int64_t window_msecs, gp_store_visit *visit, void *context,
		       struct gp_error *err)
{
	const struct gp_store_visitors visitors = {
		.program = visit, .context = context,
	};
	struct review review = { &visitors, user };
	char buffer[GP_PSEUDONYM_BYTES];

	return behind(store)->ops->list(behind(store), user_of(store, user, buffer),
					window_msecs, visit_program, &review, err);
}

static int hidden_list_senders(struct gp_store *store, const char *user,
			       gp_store_visit_sender *visit, void *context,
			       struct gp_error *err)
{
	const struct gp_store_visitors visitors = {
		.sender = visit, .context = context,
	};
	struct review review = { &visitors, user };
	char buffer[GP_PSEUDONYM_BYTES];

	return behind(store)->ops->list_senders(behind(store),
						user_of(store, user, buffer),
						visit_sender, &review, err);
}

static void visit_human(void *context, int64_t age_msecs)
{
	const struct review *review = context;

	review->visitors->human(review->visitors->context, age_msecs);
}

static int hidden_look_up(struct gp_store *store, const char *user,
			  int64_t window_msecs,
			  const struct gp_store_visitors *visitors,
			  struct gp_error *err)
{
	struct review review = { visitors, user };
	const struct gp_store_visitors others = {
		.program = visitors->program != NULL ? visit_program : NULL,
		.sender = visitors->sender != NULL ? visit_sender : NULL,
		.human = visitors->human != NULL ? visit_human : NULL,
		.context = &review,
	};
	char buffer[GP_PSEUDONYM_BYTES];

	return behind(store)->ops->look_up(behind(store),
					   user_of(store, user, buffer),
					   window_msecs, &others, err);
}

static int hidden_last_heard(struct gp_store *store, int64_t enough_msecs,
			     int64_t *age_msecs_r, struct gp_error *err)
{
	return behind(store)->ops->last_heard(behind(store), enough_msecs,
					      age_msecs_r, err);
}

/* --- exemptions by hand --- */

/* Groups, networks and programs are what an administrator typed, and no user. */
static bool is_login(const char *who)
{
	return who[0] != '@' && strncmp(who, "program=", 8) != 0 &&
		!gp_exemption_is_network(who);
}

static void clear_exemptions(struct hidden *hidden)
{
	free(hidden->exemptions.items);
	free(hidden->login);
	hidden->exemptions = (struct gp_exemption_list){ 0 };
	hidden->login = NULL;
}

/* The same list, with the name of the one that is asked about. */
static void show_exemptions(struct hidden *hidden, const char *user,
			    const struct gp_exemption_list *list)
{
	char buffer[GP_PSEUDONYM_BYTES];
	const char *pseudonym = user_of(&hidden->store, user, buffer);

	clear_exemptions(hidden);
	hidden->exemptions.items =
		gp_alloc((list->count + 1) * sizeof(*list->items));
	hidden->exemptions.count = list->count;
	hidden->login = user != NULL ? gp_strdup(user) : NULL;
	for (size_t i = 0; i < list->count; i++) {
		struct gp_exemption *item = &hidden->exemptions.items[i];

		*item = list->items[i];
		if (user != NULL && !item->is_network &&
		    strcmp(item->login, pseudonym) == 0)
			item->login = hidden->login;
	}
}

static int hidden_exemptions(struct gp_store *store, const char *user,
			     int64_t now_msecs,
			     const struct gp_exemption_list **list_r,
			     struct gp_error *err)
{
	struct hidden *hidden = (struct hidden *)store;
	const struct gp_exemption_list *list;
	const int result = hidden->behind->ops->exemptions(
		hidden->behind, user, now_msecs, &list, err);

	show_exemptions(hidden, user, list);
	*list_r = &hidden->exemptions;
	return result;
}

static int hidden_exempt(struct gp_store *store,
			 const struct gp_exemption *exemption, struct gp_error *err)
{
	char buffer[GP_PSEUDONYM_BYTES];
	struct gp_exemption other = *exemption;

	if (is_login(exemption->login))
		other.login = (char *)(uintptr_t)user_of(store, exemption->login,
							 buffer);
	return behind(store)->ops->exempt(behind(store), &other, err);
}

static int hidden_unexempt(struct gp_store *store, const char *who,
			   struct gp_error *err)
{
	char buffer[GP_PSEUDONYM_BYTES];

	return behind(store)->ops->unexempt(behind(store), !is_login(who) ? who
					    : user_of(store, who, buffer), err);
}

/* --- the end --- */

static int hidden_reset(struct gp_store *store, const char *user,
			struct gp_error *err)
{
	char buffer[GP_PSEUDONYM_BYTES];

	return behind(store)->ops->reset(behind(store),
					 user_of(store, user, buffer), err);
}

static int hidden_forget(struct gp_store *store, const char *user,
			 struct gp_removal *removal_r, struct gp_error *err)
{
	char buffer[GP_PSEUDONYM_BYTES];

	return behind(store)->ops->forget(behind(store),
					  user_of(store, user, buffer), removal_r,
					  err);
}

static void hidden_close(struct gp_store *store)
{
	struct hidden *hidden = (struct hidden *)store;

	clear_exemptions(hidden);
	gp_store_close(&hidden->behind);
	gp_pseudonyms_close(&hidden->pseudonyms);
	free(hidden);
}

/* Takes both over. */
static struct gp_store *create(struct gp_store *behind_it,
			       struct gp_pseudonyms *pseudonyms)
{
	static const struct gp_store_ops ops = {
		.poll = hidden_poll,
		.submit = hidden_submit,
		.submit_all = hidden_submit_all,
		.list = hidden_list,
		.list_senders = hidden_list_senders,
		.look_up = hidden_look_up,
		.last_heard = hidden_last_heard,
		.exemptions = hidden_exemptions,
		.exempt = hidden_exempt,
		.unexempt = hidden_unexempt,
		.reset = hidden_reset,
		.forget = hidden_forget,
		.close = hidden_close,
	};
	struct hidden *hidden = gp_alloc(sizeof(*hidden));

	hidden->store.ops = &ops;
	hidden->store.breaker = behind_it->breaker;
	hidden->behind = behind_it;
	hidden->pseudonyms = pseudonyms;
	return &hidden->store;
}

static struct gp_store *open_store(const struct gp_settings *settings,
				   struct gp_breaker *breaker, bool is_review,
				   struct gp_error *err)
{
	struct gp_pseudonyms *pseudonyms;
	struct gp_store *store;

	if (gp_pseudonyms_open(settings, &pseudonyms, err) < 0)
		return NULL;
	store = gp_store_redis_open_shared(settings, breaker, err);
	if (store == NULL || pseudonyms == NULL) {
		gp_pseudonyms_close(&pseudonyms);
		return store;
	}
	if (is_review)
		gp_pseudonyms_accept(pseudonyms);
	return create(store, pseudonyms);
}

struct gp_store *gp_store_open(const struct gp_settings *settings,
			       struct gp_error *err)
{
	return open_store(settings, NULL, false, err);
}

struct gp_store *gp_store_open_shared(const struct gp_settings *settings,
				      struct gp_breaker *breaker,
				      struct gp_error *err)
{
	return open_store(settings, breaker, false, err);
}

struct gp_store *gp_store_open_to_review(const struct gp_settings *settings,
					 struct gp_error *err)
{
	return open_store(settings, NULL, true, err);
}
