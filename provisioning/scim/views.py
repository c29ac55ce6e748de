def handle(request):
    raise NotImplementedError
