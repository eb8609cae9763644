/* What both C references share: command line, listening socket, HTTP heads. */
#ifndef SERVER_H
#define SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"
#define REPLY_BYTES (sizeof(REPLY) - 1)
#define HEAD_BYTES_MIN 8 /* "GET " and the empty line */
#define MALFORMED (-1)

enum workload { ECHO, SINK, HTTP };

struct options {
    const char *host;
    int port;
    enum workload workload;
    int buffers;      /* of io_uring, a power of two */
    int buffer_bytes; /* of each */
};

static void die(const char *what, int error) {
    fprintf(stderr, "%s: %s\n", what, strerror(error));
    exit(1);
}

static inline enum workload workload_of(const char *word) {
    static const char *const words[] = {[ECHO] = "echo", [SINK] = "sink", [HTTP] = "http"};
    for (int i = ECHO; i <= HTTP; i++) {
        if (strcmp(word, words[i]) == 0) {
            return i;
        }
    }
    die(word, EINVAL);
    return ECHO;
}

static inline struct options parse(int argc, char **argv) {
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},
        {"workload", required_argument, NULL, 'w'},
        {"host", required_argument, NULL, 'h'},
        {"buffers", required_argument, NULL, 'n'},
        {"buffer-bytes", required_argument, NULL, 'b'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.host = "127.0.0.1", .buffers = 512, .buffer_bytes = 8192};
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'p': options.port = atoi(optarg); break;
        case 'w': options.workload = workload_of(optarg); break;
        case 'h': options.host = optarg; break;
        case 'n': options.buffers = atoi(optarg); break;
        case 'b': options.buffer_bytes = atoi(optarg); break;
        default: exit(2);
        }
    }
    return options;
}

/* As many descriptors as the host gives; returns how many. */
static inline int raise_descriptors(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        die("setrlimit", errno);
    }
    return (int) limit.rlim_cur;
}

static inline int listening_socket(const struct options *options, int flags) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options->port)};
    if (inet_pton(AF_INET, options->host, &address.sin_addr) != 1) {
        die(options->host, EINVAL);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* accepted ones inherit it */
    if (bind(fd, (struct sockaddr *) &address, sizeof address) != 0) {
        die("bind", errno);
    }
    if (listen(fd, 4096) != 0) {
        die("listen", errno);
    }
    return fd;
}

static inline void announce(int listener, const char *kernel) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    getsockname(listener, (struct sockaddr *) &address, &size);
    printf("describe layer=C kernel=%s\nlistening on 127.0.0.1:%d\n", kernel, ntohs(address.sin_port));
    fflush(stdout);
}

/* How far a client's requests have come: each is a head that begins with GET and ends with an empty line, without a body. */
struct heads {
    unsigned char method; /* bytes of "GET " that were there */
    unsigned char ending; /* bytes of the empty line that were there last */
};

/* How many requests end in these bytes, wherever they were cut, or MALFORMED. */
static inline int count_requests(struct heads *heads, const char *bytes, int length) {
    static const char method[4] = "GET ";
    int requests = 0;
    for (int i = 0; i < length; i++) {
        char next = bytes[i];
        if (heads->method < sizeof method) {
            if (next != method[heads->method++]) {
                return MALFORMED;
            }
        } else if (next == '\r') {
            heads->ending = heads->ending == 2 ? 3 : 1;
        } else if (next != '\n' || (heads->ending & 1) == 0) {
            heads->ending = 0;
        } else if (++heads->ending == 4) {
            requests++;
            *heads = (struct heads) {0};
        }
    }
    return requests;
}

#endif
