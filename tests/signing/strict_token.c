/* A PKCS#11 library in front of SoftHSM that does what a token of the real world does and SoftHSM
 * does not: it locks after three wrong PINs, whichever process tried them, and it can be pulled out.
 * Its state is in the folder VANTHU_TOKEN_STATE: `wrong` holds one byte for each wrong try since the
 * last right one, `logins` one for each try ever, `signatures` one for each signature; while `out`
 * exists the token is not in its slot, while `crooked` exists its signatures are wrong, and while `coy`
 * exists it does not tell that it is about to lock. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef unsigned long Value;
typedef Value (*Function)();

/* CK_FUNCTION_LIST of PKCS#11 v2.40: a version, then 68 functions in the order of the standard. */
enum { GetSlotList = 4, GetTokenInfo = 6, OpenSession = 12, CloseAllSessions = 14, Login = 18,
       FindObjectsInit = 26, SignInit = 42, Sign = 43, Functions = 68 };
struct List { unsigned char version[2]; Function functions[Functions]; };

enum { DEVICE_REMOVED = 0x32, PIN_INCORRECT = 0xA0, PIN_LOCKED = 0xA4, TOKEN_NOT_PRESENT = 0xE0 };
enum { COUNT_LOW = 0x10000, FINAL_TRY = 0x20000, LOCKED = 0x40000, TRIES = 3 };
enum { FLAGS_AT = 32 + 32 + 16 + 16 }; /* in CK_TOKEN_INFO */

static struct List *soft, strict;
static Value slot_in_use;

static const char *place(const char *name) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("VANTHU_TOKEN_STATE"), name);
    return path;
}
static long size_of(const char *name) {
    struct stat found;
    return stat(place(name), &found) ? 0 : (long)found.st_size;
}
static void note(const char *name) {
    int file = open(place(name), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0 || write(file, ".", 1) != 1) abort();
    close(file);
}
static int out(void) {
    if (access(place("out"), F_OK)) return 0;
    soft->functions[CloseAllSessions](slot_in_use); /* it comes back without its sessions */
    return 1;
}

static Value get_slot_list(unsigned char present, Value *slots, Value *count) {
    if (present && out()) { *count = 0; return 0; }
    return soft->functions[GetSlotList](present, slots, count);
}
static Value get_token_info(Value slot, unsigned char *info) {
    if (out()) return TOKEN_NOT_PRESENT;
    Value result = soft->functions[GetTokenInfo](slot, info), flags;
    memcpy(&flags, info + FLAGS_AT, sizeof flags);
    flags &= ~(Value)(COUNT_LOW | FINAL_TRY | LOCKED);
    long wrong = access(place("coy"), F_OK) ? size_of("wrong") : 0;
    if (wrong) flags |= COUNT_LOW;
    if (wrong == TRIES - 1) flags |= FINAL_TRY;
    if (wrong >= TRIES) flags |= LOCKED;
    memcpy(info + FLAGS_AT, &flags, sizeof flags);
    return result;
}
static Value open_session(Value slot, Value flags, void *app, void *notify, Value *session) {
    slot_in_use = slot;
    if (out()) return TOKEN_NOT_PRESENT;
    return soft->functions[OpenSession](slot, flags, app, notify, session);
}
static Value login(Value session, Value user, unsigned char *pin, Value length) {
    if (out()) return DEVICE_REMOVED;
    note("logins");
    if (size_of("wrong") >= TRIES) return PIN_LOCKED;
    Value result = soft->functions[Login](session, user, pin, length);
    if (result == PIN_INCORRECT) note("wrong");
    if (result == 0) unlink(place("wrong"));
    return result;
}
static Value find_objects_init(Value session, void *template, Value count) {
    if (out()) return DEVICE_REMOVED;
    return soft->functions[FindObjectsInit](session, template, count);
}
static Value sign_init(Value session, void *mechanism, Value key) {
    if (out()) return DEVICE_REMOVED;
    return soft->functions[SignInit](session, mechanism, key);
}
static Value sign(Value session, void *data, Value length, unsigned char *value, Value *size) {
    if (out()) return DEVICE_REMOVED;
    Value result = soft->functions[Sign](session, data, length, value, size);
    if (result == 0 && value) {
        note("signatures");
        if (!access(place("crooked"), F_OK)) value[*size / 2] ^= 1;
    }
    return result;
}

Value C_GetFunctionList(struct List **list) {
    if (!soft) {
        void *library = dlopen(getenv("VANTHU_TOKEN_SOFTHSM"), RTLD_NOW | RTLD_LOCAL);
        Function get = library ? (Function)dlsym(library, "C_GetFunctionList") : 0;
        if (!get || get(&soft)) return 5; /* CKR_GENERAL_ERROR */
        strict = *soft;
        strict.functions[GetSlotList] = (Function)get_slot_list;
        strict.functions[GetTokenInfo] = (Function)get_token_info;
        strict.functions[OpenSession] = (Function)open_session;
        strict.functions[Login] = (Function)login;
        strict.functions[FindObjectsInit] = (Function)find_objects_init;
        strict.functions[SignInit] = (Function)sign_init;
        strict.functions[Sign] = (Function)sign;
    }
    *list = &strict;
    return 0;
}
