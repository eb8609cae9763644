package io.hotpath;

/**
 * The host refused something that Hotpath needs: a ring, memory, a descriptor. Unchecked, because the caller cannot
 * repair a host; the message names what was asked, the errno and the remedy.
 *
 * <p>Peers that fail are never reported this way: they are a {@code Close} with its cause.
 */
public class EngineException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String operation;
    private final int errno;

    /**
     * @param operation the system call or step that was refused
     * @param errno     the positive error number, 0 if there is none
     * @param remedy    what the reader can do next, in one sentence
     */
    public EngineException(String operation, int errno, String remedy) {
        super(operation + (errno == 0 ? "" : ": " + Errno.name(errno) + " (" + Errno.text(errno) + ")") + "; "
                + remedy);
        this.operation = operation;
        this.errno = errno;
    }

    /** The system call or step that was refused. */
    public String operation() {
        return operation;
    }

    /** The positive error number, 0 if there is none. */
    public int errno() {
        return errno;
    }
}
