/*
 * onescene.h - for test files that play one scene: it is new for each test.
 */
#ifndef DAVSCOPE_TESTS_ONESCENE_H
#define DAVSCOPE_TESTS_ONESCENE_H

#include "tests/unit/scenekit.h"

static struct scene s;

static inline int open_scene(void **state)
{
	(void)state;
	scene_open(&s, FLAVOUR_CALDAV);
	return 0;
}

static inline int close_scene(void **state)
{
	(void)state;
	scene_close(&s);
	return 0;
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

#endif
