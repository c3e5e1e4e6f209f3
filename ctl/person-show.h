/* SPDX-License-Identifier: MIT */
/* This module shows what is known of one person. */
#ifndef GP_PERSON_SHOW_H
#define GP_PERSON_SHOW_H

#include "person.h"

void gp_person_show(const struct gp_person *person);
void gp_person_show_json(const struct gp_person *person);

#endif
