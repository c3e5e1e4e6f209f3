/* SPDX-License-Identifier: MIT */
/*
 * This module is a milter that does nothing, built on libmilter: what gatepost
 * is compared with.  Steps, actions and macros are negotiated as the options
 * say, so that both are asked the same by the MTA.
 */
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTS_MAX = 16 };

/* Set before smfi_main(), only read after. */
static unsigned long wanted_actions, wanted_steps;
static struct { int stage; char *names; } lists[LISTS_MAX];
static int list_count;

static sfsistat on_negotiate(SMFICTX *context, unsigned long actions,
			     unsigned long steps, unsigned long unused2,
			     unsigned long unused3, unsigned long *actions_r,
			     unsigned long *steps_r, unsigned long *unused2_r,
			     unsigned long *unused3_r)
{
	(void)unused2;
	(void)unused3;
	if ((actions & wanted_actions) != wanted_actions ||
	    (steps & wanted_steps) != wanted_steps)
		return SMFIS_REJECT;
	*actions_r = wanted_actions;
	*steps_r = wanted_steps;
	*unused2_r = *unused3_r = 0;
	for (int i = 0; i < list_count; i++)
		if (smfi_setsymlist(context, lists[i].stage, lists[i].names) !=
		    MI_SUCCESS)
			return SMFIS_REJECT;
	return SMFIS_CONTINUE;
}

static sfsistat answer(unsigned long no_reply)
{
	return (wanted_steps & no_reply) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *context, char *name, _SOCK_ADDR *address)
{
	(void)context, (void)name, (void)address;
	return answer(SMFIP_NR_CONN);
}

static sfsistat on_helo(SMFICTX *context, char *name)
{
	(void)context, (void)name;
	return answer(SMFIP_NR_HELO);
}

static sfsistat on_mail(SMFICTX *context, char **arguments)
{
	(void)context, (void)arguments;
	return answer(SMFIP_NR_MAIL);
}

static sfsistat on_rcpt(SMFICTX *context, char **arguments)
{
	(void)context, (void)arguments;
	return answer(SMFIP_NR_RCPT);
}

static sfsistat on_data(SMFICTX *context)
{
	(void)context;
	return answer(SMFIP_NR_DATA);
}

static sfsistat on_header(SMFICTX *context, char *name, char *value)
{
	(void)context, (void)name, (void)value;
	return answer(SMFIP_NR_HDR);
}

static sfsistat on_end_of_headers(SMFICTX *context)
{
	(void)context;
	return answer(SMFIP_NR_EOH);
}

static sfsistat on_body(SMFICTX *context, unsigned char *chunk, size_t length)
{
	(void)context, (void)chunk, (void)length;
	return answer(SMFIP_NR_BODY);
}

static sfsistat on_any(SMFICTX *context)
{
	(void)context;
	return SMFIS_CONTINUE;
}

static int parse_list(char *text)
{
	char *colon = strchr(text, ':');

	if (colon == NULL || list_count == LISTS_MAX)
		return -1;
	lists[list_count].stage = atoi(text);
	lists[list_count++].names = colon + 1;
	return 0;
}

static int usage(void)
{
	(void)fputs(
"Usage: null-milter [-a ACTIONS] [-s STEPS] [-m STAGE:MACROS]... SOCKET\n"
"ACTIONS and STEPS are the bits of SMFIF_ and SMFIP_; \"milter-load -N\" prints\n"
"those of another milter.  SOCKET is spelt as for smfi_setconn().\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static char name[] = "null";
	struct smfiDesc description = {
		name, SMFI_VERSION, 0, on_connect, on_helo, on_mail, on_rcpt,
		on_header, on_end_of_headers, on_body, on_any, on_any, on_any,
		NULL, on_data, on_negotiate
	};
	int option;

	while ((option = getopt(argc, argv, "a:s:m:")) != -1) {
		if (option == 'a')
			wanted_actions = strtoul(optarg, NULL, 0);
		else if (option == 's')
			wanted_steps = strtoul(optarg, NULL, 0);
		else if (option != 'm' || parse_list(optarg) < 0)
			return usage();
	}
	if (optind + 1 != argc)
		return usage();
	description.xxfi_flags = wanted_actions;
	if (smfi_setconn(argv[optind]) != MI_SUCCESS ||
	    smfi_register(description) != MI_SUCCESS)
		return 1;
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
