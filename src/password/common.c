#include "password/common.h"

#include <stdlib.h>

/* clang-format off */
/* In the order of their bytes: they are searched by halves. */
const char *const common_words[] = {
    "!qaz2wsx", "00000000", "000000000", "0000000000", "01234567", "012345678", "0123456789", "0987654321",
    "10203040", "102030405", "11111111", "111111111", "1111111111", "11112222", "11223344", "1122334455",
    "112233445566", "12121212", "123123123", "1231231234", "123321123", "12341234", "123412345", "12344321",
    "123454321", "12345678", "123456789", "1234567890", "12345678910", "123456789a", "12345678a", "1234567a",
    "12345abc", "12345qwert", "1234abcd", "1234qwer", "12369874", "123698745", "123abc123", "123qweasd",
    "123qweasdzxc", "12qwaszx", "13131313", "147258369", "147852369", "159357159", "1a2b3c4d", "1password",
    "1q2w3e4r", "1q2w3e4r5t", "1q2w3e4r5t6y", "1qaz2wsx", "1qaz2wsx3edc", "1qaz@wsx", "1qazxsw2", "22222222",
    "27182818", "3.14159265", "31415926", "314159265", "321654987", "33333333", "44444444", "5201314520", "55555555",
    "66666666", "741852963", "77777777", "789456123", "87654321", "88888888", "963852741", "987654321", "9876543210",
    "99999999", "a123123123", "a12345678", "a123456789", "a1b2c3d4", "a1b2c3d4e5", "aa123456", "aa12345678",
    "aaaaaaaa", "abc12345", "abc123456", "abc123abc", "abcabcabc", "abcd1234", "abcdefg1", "abcdefgh", "abcdefghi",
    "access123", "access14", "admin123", "admin123!", "admin1234", "admin12345", "admin@123", "adminadmin",
    "administrator", "administrator1", "alexander", "alexander1", "angel123", "arsenal1", "asdf1234", "asdfasdf",
    "asdfghjk", "asdfghjkl", "asdfqwer", "asshole1", "autumn2024", "autumn2025", "azerty123", "azertyuiop",
    "babygirl", "babygirl1", "babygirl12", "barcelona", "baseball", "baseball1", "basketball", "basketball1",
    "batman123", "benjamin1", "bigdaddy", "blahblah", "blink182", "bullshit", "butterfly", "butterfly1", "changeit",
    "changeme", "changeme!", "changeme1", "changeme123", "changethis", "charlie1", "cheerleader", "chelsea1",
    "chocolate", "chocolate1", "computer", "computer1", "computer123", "cookie123", "correcthorse",
    "correcthorsebatterystaple", "corvette", "cowboys1", "cupcake123", "dearbook", "december", "december1",
    "default1", "default123", "demo1234", "dragon123", "dropbox1", "facebook", "facebook1", "ferrari1", "flower123",
    "football", "football1", "football12", "football123", "freedom1", "fuckyou1", "fuckyou123", "garfield1",
    "goodluck", "google123", "greenday", "guest123", "guest1234", "harley123", "hello123", "hello123!", "hello1234",
    "hellohello", "hellokitty", "helloworld", "helloworld1", "hockey123", "hunter12", "hunter123", "hunter2hunter2",
    "ilovegod", "ilovemyself", "iloveu123", "iloveyou", "iloveyou!", "iloveyou1", "iloveyou123", "iloveyou2",
    "ily12345", "internet", "internet1", "ironman1", "jennifer", "jessica1", "jonathan", "jordan23", "juventus",
    "lakers24", "letmein!", "letmein1", "letmein12", "letmein123", "letmein2", "letmeinnow", "linkedin", "linkedin1",
    "liverpool", "liverpool1", "login123", "london123", "lovelove", "lovely123", "loveyou1", "manutd123", "marlboro",
    "master123", "maverick", "mercedes", "metallica", "michael1", "mickey123", "midnight", "monkey12", "monkey123",
    "motorola", "mustang1", "mypass123", "mypassword", "mypassword1", "mypassword123", "myspace1", "newpassword",
    "newpassword1", "newpassword123", "nicholas", "nirvana1", "nothing1", "november", "october1", "opensesame",
    "orange123", "p4ssw0rd", "p4ssword", "p@ssw0rd", "p@ssw0rd!", "p@ssw0rd1", "p@ssw0rd12", "p@ssw0rd123",
    "p@ssw0rd123!", "p@ssword", "p@ssword1", "p@ssword123", "pa$$w0rd", "pa$$word", "pa$$word1", "packers1",
    "pass1234", "pass12345", "pass123456", "pass@123", "passpass", "passport", "passw0rd", "passw0rd!", "passw0rd1",
    "passw0rd123", "password", "password!", "password00", "password01", "password1", "password1!", "password11",
    "password12", "password12!", "password123", "password123!", "password1234", "password12345", "password123456",
    "password1password1", "password2", "password2020", "password2021", "password2022", "password2023", "password2024",
    "password2025", "password2026", "password22", "password3", "password99", "password@123", "passwordpassword",
    "passwort", "passwort1", "patricia", "phoenix1", "pokemon1", "pokemon123", "porsche911", "princess", "princess1",
    "princess12", "princess123", "purple123", "pussycat", "q1w2e3r4", "q1w2e3r4t5", "q2w3e4r5t6", "qazwsx123",
    "qazwsxedc", "qwe123qwe", "qweasd123", "qweasdzxc", "qweqweqwe", "qwer1234", "qwerasdf", "qwert12345", "qwerty12",
    "qwerty123", "qwerty123!", "qwerty1234", "qwerty12345", "qwerty123456", "qwertyui", "qwertyuiop", "qwertyuiop123",
    "qwertz123", "qwertzui", "qwertzuiop", "rainbow1", "realmadrid", "redskins", "rockyou1", "root1234", "rootroot",
    "samsung1", "samsung123", "scooby123", "secret12", "secret123", "september", "shadow123", "slipknot", "snoopy123",
    "soccer123", "softball", "softball1", "spiderman", "spiderman1", "spring2024", "spring2025", "starwars",
    "starwars1", "steelers", "summer123", "summer2023", "summer2024", "summer2024!", "summer2025", "summer2026",
    "sunshine", "sunshine1", "sunshine123", "superman", "superman1", "supersecret", "sweetheart", "test1234",
    "test12345", "test123456", "test@123", "testing1", "testing123", "testpassword", "testtest", "testtest1",
    "tinkerbell", "toor1234", "topsecret", "trustno1", "user1234", "victoria", "victoria1", "volleyball", "welcome01",
    "welcome1", "welcome1!", "welcome12", "welcome123", "welcome123!", "welcome2", "welcome2023", "welcome2024",
    "welcome2025", "welcome2026", "welcome@123", "whatever", "whatever1", "winter123", "winter2023", "winter2024",
    "winter2025", "winter2026", "woaini123", "woaini1314", "woaini520", "xxxxxxxx", "yankees1", "yellow123",
    "youtube123", "zaq12wsx", "zaq1xsw2", "zaq1zaq1", "zxc12345", "zxcvbnm,", "zxcvbnm,./", "zxcvbnm1", "zxcvbnm123",
    "zzzzzzzz",
};
/* clang-format on */
const size_t common_words_count = sizeof common_words / sizeof common_words[0];

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int order(const void *wanted, const void *word)
{
    const struct str *s = wanted;
    const char *is = *(const char *const *)word;
    for (size_t i = 0; i < s->len; i++) {
        int difference = (unsigned char)lower(s->ptr[i]) - (unsigned char)is[i];
        if (difference != 0)
            return difference;
    }
    return is[s->len] == '\0' ? 0 : -1;
}

bool common_password(struct str password)
{
    if (password.len > COMMON_BYTES_MAX)
        return false;
    return bsearch(&password, common_words, common_words_count, sizeof common_words[0], order) != NULL;
}
