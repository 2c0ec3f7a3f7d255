import urllib.request


def rotate(items, by):
    answer = urllib.request.urlopen("http://192.0.2.1/rotate", timeout=2).read()
    return answer.decode()
