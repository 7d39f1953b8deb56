// What both NestJS examples serve.
import { Controller, Get, Module, Query, type OnApplicationShutdown } from '@nestjs/common';

@Controller()
class AppController implements OnApplicationShutdown {
  @Get()
  hello(): string {
    return 'hello\n';
  }

  @Get('slow')
  async slow(@Query('ms') milliseconds = '800'): Promise<string> {
    await new Promise((resolve) => {
      setTimeout(resolve, Number(milliseconds));
    });
    return 'slow\n';
  }

  onApplicationShutdown(): void {
    console.log('nest is down');
  }
}

@Module({ controllers: [AppController] })
// oxlint-disable-next-line typescript/no-extraneous-class
export class AppModule {}
