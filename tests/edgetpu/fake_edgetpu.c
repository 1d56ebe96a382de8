/* A stand-in for libedgetpu.so.1: a TensorFlow Lite delegate that claims the operators of models compiled for the
 * Edge TPU, answers them with something a test can tell from the CPU's answer, and fails as the real one fails.
 *
 * Told what to do by the delegate's options `fake.NAME`, or by `NAME=VALUE NAME=VALUE …` in the environment variable
 * FAKE_EDGETPU, which is read at every opening:
 *
 *   devices=N       there are N devices on USB (default 1)
 *   pci=N           and N on PCI (default 0)
 *   class=N         the element of every output that gets the highest value; default: told from the input
 *   refuse=text     no delegate is given, with a reason; refuse=quiet: without one, as the real library does it
 *   crash=WHEN      SIGSEGV at `load`, `prepare` or `invoke`
 *   hang=WHEN       never come back from it
 *   fail=WHEN       `prepare` or `invoke` reports an error
 *   fail_after=N    a delegate's invocations fail after the first N; with `state`: is unplugged, once a process and folder
 *   exclusive=1     a device is given to one delegate at a time, whichever process has it (needs `state`)
 *   fail_opens=K    the first K openings are refused, counted over all processes (needs `state`)
 *   state=FOLDER    keeps `log` there, a line an event: process, event, device; while there is a file `unplugged` in
 *                   it, everything fails in every process
 *
 * A delegate whose invocation has failed stays broken: only a new one may work.
 *
 * The layouts below are those of tensorflow/lite/core/c/common.h, to which fields are only ever appended; they hold for
 * tflite-runtime 2.14 and LiteRT 2. An invocation checks that the tensors make sense when read this way.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { OK, ERROR };
enum { FLOAT32 = 1, UINT8 = 3, INT8 = 9 };
enum { ALLOW_DYNAMIC_TENSORS = 1 }; /* as the real one: Prepare then comes before unknown operators are refused */

typedef struct { int size; int data[]; } IntArray;
typedef struct Context Context;
typedef struct Delegate Delegate;
typedef struct Node Node;

typedef struct {
  int type;
  void *data;
  IntArray *dims;
  struct { float scale; int32_t zero_point; } params;
  int allocation_type;
  size_t bytes;
  const void *allocation;
  const char *name;
  Delegate *delegate;
  int buffer_handle;
  bool data_is_stale, is_variable;
  struct { int type; void *params; } quantization;
  void *sparsity;
  const IntArray *dims_signature;
} Tensor;

struct Node {
  IntArray *inputs, *outputs, *intermediates, *temporaries;
  void *user_data, *builtin_data;
  /* more follows */
};

/* Handed over by value. Older runtimes know fewer fields at the end: no harm where so large a struct goes through
 * memory with nothing behind it, on x86-64 and 64-bit Arm. Too few fields are what makes the stock libedgetpu crash. */
typedef struct {
  void *(*init)(Context *, const char *, size_t);
  void (*free)(Context *, void *);
  int (*prepare)(Context *, Node *);
  int (*invoke)(Context *, Node *);
  void *profiling_string;
  int32_t builtin_code;
  const char *custom_name;
  int version;
  void *registration_external, *async_kernel;
  uint64_t inplace_operator;
} Registration;

struct Context {
  size_t tensors_size;
  int (*get_execution_plan)(Context *, IntArray **);
  Tensor *tensors;
  void *impl, *resize_tensor;
  void (*report_error)(Context *, const char *, ...);
  void *add_tensors;
  int (*get_node_and_registration)(Context *, int, Node **, Registration **);
  int (*replace_nodes)(Context *, Registration, const IntArray *, Delegate *);
  /* more follows */
};

struct Delegate {
  void *data;
  int (*prepare)(Context *, Delegate *);
  void *copy_from_buffer, *copy_to_buffer, *free_buffer;
  int64_t flags;
  void *opaque_builder;
};

enum { TEXT = 32, PATH = 4096 };

typedef struct {
  Delegate delegate; /* first: the runtime knows this address */
  char device[TEXT], refuse[TEXT], crash[TEXT], hang[TEXT], fail[TEXT], state[PATH];
  long devices, pci, top, fail_after, fail_opens, exclusive;
  long invocations;
  int lock;
  bool broken;
} Fake;

/* A delegate's kernel is given parameters that begin with a pointer to the delegate. */
static Fake *fake_of(Node *node) { return *(Fake **)node->builtin_data; }

/* ---- the state folder ---- */

static int open_in(const Fake *fake, const char *name, int flags) {
  char path[PATH + TEXT + 8];
  if (!*fake->state) return -1;
  snprintf(path, sizeof path, "%s/%s", fake->state, name);
  return open(path, flags | O_CLOEXEC, 0666);
}

static bool exists_in(const Fake *fake, const char *name) {
  int file = open_in(fake, name, O_RDONLY);
  if (file >= 0) close(file);
  return file >= 0;
}

static void note(const Fake *fake, const char *event, const char *more) {
  char line[256];
  int file = open_in(fake, "log", O_WRONLY | O_CREAT | O_APPEND);
  if (file < 0) return;
  int length = snprintf(line, sizeof line, "%d %s%s%s\n", (int)getpid(), event, *more ? " " : "", more);
  if (write(file, line, length) != length) perror("fake edgetpu: log");
  close(file);
}

/* How many openings there were before this one, in any process. */
static long count_opening(const Fake *fake) {
  int file = open_in(fake, "opens", O_RDWR | O_CREAT | O_APPEND);
  if (file < 0) return 0;
  flock(file, LOCK_EX);
  long before = lseek(file, 0, SEEK_END);
  if (write(file, ".", 1) != 1) perror("fake edgetpu: opens");
  close(file);
  return before;
}

/* ---- what it is told ---- */

static void set(Fake *fake, const char *name, const char *value) {
  struct { const char *name; char *text; size_t size; } texts[] = {
      {"refuse", fake->refuse, TEXT}, {"crash", fake->crash, TEXT}, {"hang", fake->hang, TEXT},
      {"fail", fake->fail, TEXT},     {"state", fake->state, PATH},
  };
  struct { const char *name; long *number; } numbers[] = {
      {"devices", &fake->devices},       {"pci", &fake->pci},           {"class", &fake->top},
      {"fail_after", &fake->fail_after}, {"fail_opens", &fake->fail_opens}, {"exclusive", &fake->exclusive},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (!strcmp(name, texts[i].name)) {
      snprintf(texts[i].text, texts[i].size, "%s", value);
      return;
    }
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (!strcmp(name, numbers[i].name)) {
      *numbers[i].number = atol(value);
      return;
    }
  fprintf(stderr, "fake edgetpu: there is no option %s\n", name);
  abort(); /* a mistake in a test */
}

static void read_environment(Fake *fake) {
  const char *given = getenv("FAKE_EDGETPU");
  if (!given) return;
  char *copy = strdup(given), *rest = NULL;
  for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
    char *value = strchr(word, '=');
    if (value) *value++ = 0;
    set(fake, word, value ? value : "");
  }
  free(copy);
}

/* Come to grief here, if that was asked for. */
static void suffer(const Fake *fake, const char *when) {
  if (!strcmp(fake->crash, when)) raise(SIGSEGV);
  while (!strcmp(fake->hang, when)) pause();
}

/* ---- devices ---- */

/* The device that the `device` option means, as usb:N or pci:N; false when there is none. */
static bool find_device(Fake *fake, const char *wanted) {
  long number = 0;
  bool usb = true;
  char end;
  if (!*wanted) {
    usb = fake->devices > 0;
  } else if (sscanf(wanted, ":%ld%c", &number, &end) == 1) {
    usb = number < fake->devices;
    if (!usb) number -= fake->devices;
  } else if (!strcmp(wanted, "pci") || sscanf(wanted, "pci:%ld%c", &number, &end) == 1) {
    usb = false;
  } else if (strcmp(wanted, "usb") && sscanf(wanted, "usb:%ld%c", &number, &end) != 1) {
    return false;
  }
  snprintf(fake->device, TEXT, "%s:%ld", usb ? "usb" : "pci", number);
  return number >= 0 && number < (usb ? fake->devices : fake->pci);
}

static bool take_device(Fake *fake) {
  char name[TEXT + 8];
  snprintf(name, sizeof name, "lock.%s", fake->device);
  fake->lock = open_in(fake, name, O_RDWR | O_CREAT);
  return !fake->exclusive || flock(fake->lock, LOCK_EX | LOCK_NB) == 0;
}

/* ---- the kernel that stands for one compiled operator ---- */

/* Its data is a copy, to log the interpreter's end even where the delegate is wrongly gone before it. */
static void *kernel_init(Context *context, const char *parameters, size_t length) {
  (void)context, (void)length;
  Fake *copy = malloc(sizeof *copy);
  *copy = **(Fake *const *)parameters;
  return copy;
}

static void kernel_free(Context *context, void *data) {
  (void)context;
  note(data, "release", ((Fake *)data)->device);
  free(data);
}

static int kernel_prepare(Context *context, Node *node) {
  (void)context, (void)node;
  return OK;
}

static bool makes_sense(const Tensor *tensor) {
  size_t bytes = tensor->type == FLOAT32 ? sizeof(float) : 1;
  if (tensor->type != FLOAT32 && tensor->type != UINT8 && tensor->type != INT8) return false;
  for (int i = 0; i < tensor->dims->size; i++) bytes *= tensor->dims->data[i];
  return bytes > 0 && bytes == tensor->bytes;
}

static uint32_t hash(const Tensor *tensor) { /* FNV-1a */
  uint32_t value = 2166136261u;
  for (size_t i = 0; i < tensor->bytes; i++) value = (value ^ ((const uint8_t *)tensor->data)[i]) * 16777619u;
  return value;
}

/* The lowest value everywhere, 250 of 255 of the range at the element `top`. */
static void answer(Tensor *tensor, size_t top) {
  if (tensor->type == FLOAT32) {
    memset(tensor->data, 0, tensor->bytes);
    ((float *)tensor->data)[top % (tensor->bytes / sizeof(float))] = 250 / 255.0f;
    return;
  }
  int lowest = tensor->type == INT8 ? -128 : 0;
  memset(tensor->data, lowest, tensor->bytes);
  ((uint8_t *)tensor->data)[top % tensor->bytes] = (uint8_t)(lowest + 250);
}

static int kernel_invoke(Context *context, Node *node) {
  static char unplugged_in[PATH]; /* once a process and folder */
  Fake *fake = fake_of(node);
  suffer(fake, "invoke");
  bool spent = fake->fail_after >= 0 && fake->invocations >= fake->fail_after;
  if (spent && *fake->state && strcmp(unplugged_in, fake->state)) {
    snprintf(unplugged_in, sizeof unplugged_in, "%s", fake->state);
    int file = open_in(fake, "unplugged", O_WRONLY | O_CREAT);
    if (file >= 0) close(file);
  }
  fake->broken |= spent && !*fake->state;
  fake->broken |= exists_in(fake, "unplugged") || !strcmp(fake->fail, "invoke");
  if (fake->broken) {
    note(fake, "fail", fake->device);
    context->report_error(context, "fake edgetpu: USB transfer failed on %s", fake->device);
    return ERROR;
  }
  const Tensor *input = &context->tensors[node->inputs->data[0]];
  for (int i = 0; i < node->outputs->size; i++) {
    Tensor *output = &context->tensors[node->outputs->data[i]];
    if (!makes_sense(input) || !makes_sense(output)) {
      context->report_error(context, "fake edgetpu: this runtime's tensors have another layout than those it knows");
      return ERROR;
    }
    answer(output, fake->top >= 0 ? (size_t)fake->top : hash(input));
  }
  fake->invocations++;
  note(fake, "invoke", fake->device);
  return OK;
}

/* ---- the delegate ---- */

static int prepare(Context *context, Delegate *delegate) {
  Fake *fake = (Fake *)delegate;
  suffer(fake, "prepare");
  if (!strcmp(fake->fail, "prepare") || exists_in(fake, "unplugged")) {
    note(fake, "unprepared", fake->device);
    context->report_error(context, "fake edgetpu: could not map the executable");
    return ERROR;
  }
  IntArray *plan;
  if (context->get_execution_plan(context, &plan)) return ERROR;
  int count = 0, *compiled = calloc(plan->size + 1, sizeof *compiled);
  for (int i = 0; i < plan->size; i++) {
    Node *node;
    Registration *registration;
    if (context->get_node_and_registration(context, plan->data[i], &node, &registration) == OK &&
        registration->custom_name && !strcmp(registration->custom_name, "edgetpu-custom-op"))
      compiled[count++] = plan->data[i];
  }
  const Registration kernel = {
      .init = kernel_init, .free = kernel_free, .prepare = kernel_prepare, .invoke = kernel_invoke,
      .custom_name = "EdgeTpuDelegateForCustomOp", .version = 1,
  };
  IntArray *one = malloc(sizeof *one + sizeof *one->data);
  one->size = 1;
  int status = OK;
  for (int i = 0; i < count && status == OK; i++) {
    one->data[0] = compiled[i];
    status = context->replace_nodes(context, kernel, one, delegate);
  }
  free(one);
  free(compiled);
  note(fake, "prepare", fake->device);
  return status;
}

/* Why the device isn't given, an empty text where that isn't told; NULL when it is. */
static const char *refusal(Fake *fake, const char *wanted, long openings_before) {
  if (!strcmp(fake->refuse, "quiet")) return "";
  if (*fake->refuse) return "fake edgetpu: the device doesn't answer";
  if (openings_before < fake->fail_opens) return "fake edgetpu: the device isn't ready yet";
  if (!find_device(fake, wanted) || exists_in(fake, "unplugged")) return "fake edgetpu: there is no such device";
  if (!take_device(fake)) return "fake edgetpu: the device is in use";
  return NULL;
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void tflite_plugin_destroy_delegate(Delegate *delegate) {
  Fake *fake = (Fake *)delegate;
  if (!fake) return; /* the runtimes destroy what they were refused, too */
  note(fake, "close", fake->device);
  if (fake->lock >= 0) close(fake->lock);
  free(fake);
}

EXPORTED Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count,
                                                 void (*report)(const char *)) {
  const char *wanted = "";
  Fake *fake = calloc(1, sizeof *fake);
  fake->devices = 1;
  fake->top = fake->fail_after = fake->lock = -1;
  fake->delegate.prepare = prepare;
  fake->delegate.flags = ALLOW_DYNAMIC_TENSORS;
  read_environment(fake);
  for (size_t i = 0; i < count; i++) {
    if (!strcmp(keys[i], "device")) wanted = values[i];
    if (!strncmp(keys[i], "fake.", 5)) set(fake, keys[i] + 5, values[i]);
  }
  long before = count_opening(fake);
  suffer(fake, "load");
  const char *why = refusal(fake, wanted, before);
  if (!why) {
    note(fake, "open", fake->device);
    return &fake->delegate;
  }
  note(fake, "refuse", wanted);
  if (*why && report) report(why);
  if (fake->lock >= 0) close(fake->lock);
  free(fake);
  return NULL;
}
