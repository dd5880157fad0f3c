/*
 * session_test.c: a session directory is private and leaves nothing behind; one that others could enter, or
 * that another collector serves, is refused; one of a killed collector is taken over; rings are taken only as
 * they should be: sealed, of the announced size, of this version.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "collector/peer.h"
#include "collector/session.h"

static char scratch[] = "/tmp/session-test-XXXXXX";
static char why[2048];

static unsigned int entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void it_is_private_and_goes_away(void **state)
{
	struct session s;
	struct stat st;
	char dir[SESSION_PATH];

	(void)state;
	setenv("XDG_RUNTIME_DIR", scratch, 1);
	assert_int_equal(session_open(&s, NULL, why, sizeof(why)), 0);
	snprintf(dir, sizeof(dir), "%s", s.dir);
	assert_memory_equal(dir, scratch, strlen(scratch));
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(s.control->magic, SESSION_MAGIC);
	assert_int_equal(s.control->abi, SESSION_ABI);
	assert_int_equal(s.control->collector_alive, 1);
	assert_int_equal(s.control->recording, 1);
	assert_int_not_equal(s.control->session, 0);
	session_close(&s, false);
	assert_int_equal(stat(dir, &st), -1);
	assert_int_equal(entries(scratch), 0);
}

static void a_runtime_directory_that_is_not_there_is_no_obstacle(void **state)
{
	struct session s;

	(void)state;
	setenv("XDG_RUNTIME_DIR", "/nonexistent/run/user/12345", 1);
	assert_int_equal(session_open(&s, NULL, why, sizeof(why)), 0);
	assert_memory_equal(s.dir, "/tmp/", 5);
	session_close(&s, false);
	setenv("XDG_RUNTIME_DIR", scratch, 1);
}

static void others_must_be_kept_out(void **state)
{
	struct session s;

	(void)state;
	assert_int_equal(mkdir("open", 0700), 0);
	assert_int_equal(chmod("open", 0755), 0);
	assert_int_equal(session_open(&s, "open", why, sizeof(why)), -EPERM);
	assert_non_null(strstr(why, "chmod 700"));
	assert_int_equal(entries("open"), 0);
	assert_int_equal(symlink("open", "link"), 0);
	assert_int_not_equal(session_open(&s, "link", why, sizeof(why)), 0);
	assert_int_not_equal(session_open(&s, "/nonexistent/parent/dir", why, sizeof(why)), 0);
}

static void there_is_one_collector(void **state)
{
	struct session first, second;

	(void)state;
	assert_int_equal(session_open(&first, "one", why, sizeof(why)), 0);
	assert_int_equal(session_open(&second, "one", why, sizeof(why)), -EBUSY);
	/* The refused one has left the first's things alone. */
	assert_int_equal(access("one/socket", F_OK), 0);
	assert_int_equal(access("one/control", F_OK), 0);
	session_close(&first, false);
	assert_int_equal(access("one", F_OK), -1);
}

static void a_killed_collectors_session_is_taken_over(void **state)
{
	struct session dead, s;
	uint64_t id;

	(void)state;
	assert_int_equal(session_open(&dead, "left", why, sizeof(why)), 0);
	id = dead.control->session;
	close(dead.socket); /* all that the kernel does for it */
	assert_int_equal(session_open(&s, "left", why, sizeof(why)), 0);
	assert_int_equal(s.control->session, id);
	assert_false(s.made);
	session_close(&s, false);
	assert_int_equal(access("left", F_OK), 0); /* not ours to remove, but empty */
	assert_int_equal(entries("left"), 0);
	assert_int_equal(rmdir("left"), 0);
}

static void rings_that_were_left_are_kept(void **state)
{
	struct session s;

	(void)state;
	assert_int_equal(session_open(&s, "rings-left", why, sizeof(why)), 0);
	close(openat(s.rings_fd, "1-1.ring", O_CREAT | O_WRONLY, 0600));
	session_close(&s, false);
	assert_int_equal(access("rings-left/rings/1-1.ring", F_OK), 0);
}

static void the_log_is_told_line_by_line(void **state)
{
	struct session s;
	char *text;
	int fd;

	(void)state;
	assert_int_equal(session_open(&s, "log", why, sizeof(why)), 0);
	assert_null(session_log(&s));
	fd = open("log/log", O_WRONLY | O_APPEND);
	assert_true(write(fd, "one\ntwo\nthr", 11) == 11);
	text = session_log(&s);
	assert_string_equal(text, "one\ntwo\n");
	free(text);
	assert_null(session_log(&s));
	assert_true(write(fd, "ee\n", 3) == 3);
	text = session_log(&s);
	assert_string_equal(text, "three\n");
	free(text);
	close(fd);
	assert_false(session_has_vanished(&s));
	assert_int_equal(rename("log", "elsewhere"), 0);
	assert_int_equal(unlink("elsewhere/socket"), 0);
	assert_true(session_has_vanished(&s));
	assert_false(session_has_vanished(&s)); /* told once */
	session_close(&s, false);
}

/* ------------------------------------------------------------------------------------------ rings */

static const struct ring_config config = {
	.page_count = 2, .page_size = 4096, .permanent_size = 65536, .chunk_size = 65536};

static int make_memfd(unsigned int seals, uint64_t process)
{
	int fd = memfd_create("ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t size = ring_size(&config);
	struct ring r;
	void *p;

	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_int_equal(ring_init(&r, p, &config), 0);
	r.header->process = process;
	r.header->pid = (uint32_t)getpid();
	store_release(&r.header->state, RING_RECORDING);
	munmap(p, size);
	if (seals)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

/* Send a hello with these descriptors and take it. */
static int hand_over(struct session_hello hello, size_t length, const int *fds, size_t n, struct peer *peer)
{
	struct iovec part = {.iov_base = &hello, .iov_len = length};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = {.bytes = {0}};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
	int pair[2], err;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(peer_receive(pair[1], peer, why, sizeof(why)), -EAGAIN);
	if (n) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
	}
	if (length)
		assert_int_equal(sendmsg(pair[0], &m, 0), length);
	close(pair[0]);
	err = peer_receive(pair[1], peer, why, sizeof(why));
	close(pair[1]);
	return err;
}

static void only_proper_rings_are_mapped(void **state)
{
	const struct session_hello good = {.magic = SESSION_HELLO_MAGIC,
					   .abi = SESSION_ABI,
					   .pid = (uint32_t)getpid(),
					   .process = 5,
					   .ring_size = ring_size(&config)};
	struct session_hello bad;
	int sealed = make_memfd(F_SEAL_SHRINK, 5), soft = make_memfd(0, 5), file, many[6];
	char path[] = "/tmp/session-test-file-XXXXXX";
	struct peer peer;
	unsigned int open_before;

	(void)state;
	assert_int_equal(hand_over(good, sizeof(good), &sealed, 1, &peer), 0);
	assert_int_equal(peer.process, 5);
	assert_int_equal(peer.pid, getpid());
	assert_int_equal(peer.inner_pid, getpid());
	assert_int_equal(peer.file, -1);
	peer_unmap(&peer);

	open_before = entries("/proc/self/fd");
	assert_int_equal(hand_over(good, sizeof(good), &soft, 1, &peer), -EPERM);
	file = mkstemp(path);
	unlink(path);
	assert_int_equal(ftruncate(file, (off_t)good.ring_size), 0);
	assert_int_equal(hand_over(good, sizeof(good), &file, 1, &peer), -EPERM);
	close(file);
	assert_int_equal(hand_over(good, sizeof(good), NULL, 0, &peer), -EBADMSG);
	assert_int_equal(hand_over(good, sizeof(good) - 8, &sealed, 1, &peer), -EBADMSG);
	assert_int_equal(hand_over(good, 0, NULL, 0, &peer), -ECONNRESET);
	bad = good;
	bad.magic++;
	assert_int_equal(hand_over(bad, sizeof(bad), &sealed, 1, &peer), -EBADMSG);
	bad = good;
	bad.abi++;
	assert_int_equal(hand_over(bad, sizeof(bad), &sealed, 1, &peer), -EPROTONOSUPPORT);
	bad = good;
	bad.ring_size += 4096;
	assert_int_equal(hand_over(bad, sizeof(bad), &sealed, 1, &peer), -EBADMSG);
	bad = good;
	bad.process = 6;
	assert_int_equal(hand_over(bad, sizeof(bad), &sealed, 1, &peer), -EBADMSG);
	/* Descriptors that nobody asked for are closed again. */
	for (size_t i = 0; i < 6; i++)
		many[i] = sealed;
	if (!hand_over(good, sizeof(good), many, 6, &peer))
		peer_unmap(&peer);
	assert_int_equal(entries("/proc/self/fd"), open_before);
	close(sealed);
	close(soft);
}

static int enter_scratch(void **state)
{
	(void)state;
	return !mkdtemp(scratch) || chdir(scratch);
}

static int leave_scratch(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	return chdir("/") || system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_private_and_goes_away),
		cmocka_unit_test(a_runtime_directory_that_is_not_there_is_no_obstacle),
		cmocka_unit_test(others_must_be_kept_out),
		cmocka_unit_test(there_is_one_collector),
		cmocka_unit_test(a_killed_collectors_session_is_taken_over),
		cmocka_unit_test(rings_that_were_left_are_kept),
		cmocka_unit_test(the_log_is_told_line_by_line),
		cmocka_unit_test(only_proper_rings_are_mapped),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
