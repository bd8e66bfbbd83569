#include "screen_keys.h"

#include <errno.h>
#include <string.h>

enum { QUESTION_MS = 10000, ANSWER_MS = 5000 };

static const struct {
	const char *prompt, *request, *done, *failed;
} questions[QUESTION_COUNT] = {
	[QUESTION_RESTART] =
		{
			.prompt = "Restart the service? Its open connections end. y/n",
			.request = CONTROL_RESTART_SERVICE,
			.done = "The service is being restarted.",
			.failed = "The service was not restarted",
		},
	[QUESTION_POWEROFF] =
		{
			.prompt = "Power off? y/n",
			.request = CONTROL_POWEROFF,
			.done = "Powering off.",
			.failed = "Not powered off",
		},
};

static void set_question(struct screen *s, enum question question)
{
	s->question = question;
	s->notice[0] = '\0';
	s->notice_until_ms = now_ms() + QUESTION_MS;
}

static void set_answer(struct screen *s, const char *what, const char *why)
{
	struct text t = TEXT(s->notice);
	text_add(&t, "%s%s%s", what, why != NULL ? ": " : "", why != NULL ? why : "");
	s->question = QUESTION_NONE;
	s->notice_until_ms = now_ms() + ANSWER_MS;
}

const char *screen_notice(struct screen *s, int64_t now)
{
	if (s->notice_until_ms <= now) {
		s->question = QUESTION_NONE;
		s->notice[0] = '\0';
	}
	if (s->question != QUESTION_NONE) {
		struct text t = TEXT(s->notice);
		text_add(&t, "%s (%lld s)", questions[s->question].prompt,
			(long long)(s->notice_until_ms - now + 999) / 1000);
	}
	return s->notice[0] != '\0' ? s->notice : NULL;
}

static void answer_question(struct screen *s, int key)
{
	char answer[CONTROL_MESSAGE_MAX];
	enum question question = s->question;
	if (key != 'y') {
		set_answer(s, questions[question].failed, NULL);
		return;
	}
	if (control_request(questions[question].request, answer) < 0)
		set_answer(s, questions[question].failed,
			errno == EAGAIN ? "init does not answer" : strerror(errno));
	else if (strcmp(answer, "ok") == 0)
		set_answer(s, questions[question].done, NULL);
	else
		set_answer(s, questions[question].failed, answer);
}

static void show(struct screen *s, enum view view)
{
	s->request.view = view;
	s->request.log_end = 0;
	s->request.settings_page = 0;
	s->state.log.whole = view == VIEW_LOG;
	if (s->state.log.whole)
		state_load(&s->state, 1u << FOLDER_LOG);
}

static void go_on(struct screen *s)
{
	if (s->request.view == VIEW_STATUS)
		s->request.page = s->result.page + 1;
	else if (s->request.view == VIEW_SETTINGS)
		s->request.settings_page = s->result.page + 1;
	else
		s->request.log_end = s->result.log_older ? s->result.log_first - 1 : 0;
}

void screen_handle_key(struct screen *s, int key)
{
	if (key == KEY_SIZE) {
		s->answered_columns = s->keys.columns;
		s->answered_rows = s->keys.rows;
		return;
	}
	screen_notice(s, now_ms());
	if (s->question != QUESTION_NONE) {
		answer_question(s, key);
		return;
	}
	s->notice[0] = '\0'; /* the last answer was read */
	switch (key) {
	case KEY_ENTER:
		s->repaint = s->clear = s->ask_size = true;
		break;
	case KEY_ESCAPE:
		show(s, VIEW_STATUS);
		break;
	case 'l':
		show(s, s->request.view == VIEW_LOG ? VIEW_STATUS : VIEW_LOG);
		break;
	case 'c':
		show(s, s->request.view == VIEW_SETTINGS ? VIEW_STATUS : VIEW_SETTINGS);
		break;
	case 'n':
		go_on(s);
		break;
	case 'r':
	case 'p':
		if (!s->request.readonly)
			set_question(s, key == 'r' ? QUESTION_RESTART : QUESTION_POWEROFF);
		break;
	}
}
